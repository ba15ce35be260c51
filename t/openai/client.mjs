// OpenAI's SDK as a client of the emulator. Every answer that it gets is held against the
// SDK's types too: what the emulator says is what OpenAI would say.
import { judgesAtHand } from './judges.mjs';
import { OpenAI } from './packages.mjs';

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
            const isJson = /json/.test(answer.headers.get('content-type'));
            if (answer.status === 200 && isJson) {
                const path = new URL(url).pathname.replace(/^\/v1/, '');
                const json = await answer.clone().json();
                answers.push({ method: init.method.toUpperCase(), path, json });
            }
            return answer;
        },
        ...options,
    });
    return { client, verdicts: () => verdictsOf(answers) };
}

function verdictsOf(answers) {
    const judge = judgesAtHand();
    return answers.map(({ method, path, json }) => judge.answer(method, path, json));
}
