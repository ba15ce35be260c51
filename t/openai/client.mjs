// OpenAI's SDK as a client of the emulator. Every answer that it gets is held against the
// SDK's types too: what the emulator says is what OpenAI would say.
import { OpenAI } from './packages.mjs';
import { sdkJudge } from './sdk_judge.mjs';

// clientOf(BASE_URL): { client, verdicts() } where verdicts are those of all answers of
// status 200 so far.
export function clientOf(baseURL, options = {}) {
    const answers = [];
    const client = new OpenAI({
        apiKey: 'sk-emulator',
        baseURL,
        maxRetries: 0,
        fetch: async (url, init) => {
            const answer = await fetch(url, init);
            if (answer.status === 200) {
                const path = new URL(url).pathname.replace(/^\/v1/, '');
                answers.push({ method: init.method.toUpperCase(), path, json: await answer.clone().json() });
            }
            return answer;
        },
        ...options,
    });
    return { client, verdicts: () => verdictsOf(answers) };
}

function verdictsOf(answers) {
    const judge = sdkJudge();
    return answers.map(({ method, path, json }) => judge.answer(method, path, json));
}
