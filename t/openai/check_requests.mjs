// Reads the emulator's request log (JSON) from stdin and says of each request, in one line,
// "right METHOD PATH" or "wrong METHOD PATH: why". Judges are OpenAI's SDK and, where
// EDGERUN_OPENAI_SPEC names a file, OpenAI's specification in it (openapi.json).
import { readFileSync } from 'node:fs';

import { sdkJudge } from './sdk_judge.mjs';
import { specificationJudge } from './specification_judge.mjs';

const specification = process.env.EDGERUN_OPENAI_SPEC;
const judges = [sdkJudge(), ...(specification ? [specificationJudge(specification)] : [])];

for (const entry of JSON.parse(readFileSync(0, 'utf8'))) {
    const request = { ...entry, path: entry.path.replace(/^\/v1/, '') };
    const verdicts = judges.map((judge) => judge.request(request));
    const problems = verdicts.flatMap((verdict) => verdict.problems);
    const why = problems.length > 0 ? `: ${problems.join('; ')}` : '';
    console.log(`${why ? 'wrong' : 'right'} ${verdicts[0].call}${why}`);
}
