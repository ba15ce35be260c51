// All judges that are at hand: OpenAI's SDK and, where EDGERUN_OPENAI_SPEC names a file,
// OpenAI's specification in it (openapi.json).
import { sdkJudge } from './sdk_judge.mjs';
import { specificationJudge } from './specification_judge.mjs';

// judgesAtHand(): { request(REQUEST), answer(METHOD, PATH, JSON) }, each { call, problems },
// as sdkJudge() has them, with the problems that any of them sees.
export function judgesAtHand() {
    const specification = process.env.EDGERUN_OPENAI_SPEC;
    const judges = [sdkJudge(), ...(specification ? [specificationJudge(specification)] : [])];
    const all = (verdicts) => ({
        call: verdicts[0].call,
        problems: verdicts.flatMap((verdict) => verdict.problems),
    });
    return {
        request: (...request) => all(judges.map((judge) => judge.request(...request))),
        answer: (...answer) => all(judges.map((judge) => judge.answer(...answer))),
    };
}
