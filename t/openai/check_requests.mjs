// Reads the emulator's request log (JSON) from stdin and says of each request, in one line,
// "right METHOD PATH" or "wrong METHOD PATH: why".
import { readFileSync } from 'node:fs';

import { judgesAtHand } from './judges.mjs';

const judge = judgesAtHand();

for (const entry of JSON.parse(readFileSync(0, 'utf8'))) {
    const path = entry.path.replace(/^\/v1/, '');
    const { call, problems } = isJson(entry.body)
        ? judge.request({ ...entry, path })
        : { call: `${entry.method} ${path}`, problems: ['the body is not JSON'] };
    console.log(problems.length > 0 ? `wrong ${call}: ${problems.join('; ')}` : `right ${call}`);
}

function isJson(body) {
    try {
        return !body || Boolean(JSON.parse(body));
    } catch {
        return false;
    }
}
