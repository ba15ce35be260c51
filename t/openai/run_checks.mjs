// run_checks.mjs FILE BASE_URL: performs the checks { name => function(client) } that FILE
// exports, one line "ok NAME" or "not ok NAME: why" each; then, for each kind of call, one
// line that says whether its answers have the SDK's types.
import { clientOf } from './client.mjs';

const [file, baseURL] = process.argv.slice(2);
const { checks } = await import(new URL(file, import.meta.url));
const { client, verdicts } = clientOf(baseURL);

for (const [name, check] of Object.entries(checks)) {
    try {
        await check(client);
        report(name);
    } catch (error) {
        report(name, String(error.message ?? error));
    }
}

const problems = new Map();
for (const verdict of verdicts()) {
    problems.set(verdict.call, [...(problems.get(verdict.call) ?? []), ...verdict.problems]);
}
for (const [call, found] of [...problems].sort()) {
    report(`${call} answers with the SDK's type`, [...new Set(found)].slice(0, 5).join('; '));
}

function report(name, problem = '') {
    const line = problem ? `not ok ${name}: ${problem}` : `ok ${name}`;
    console.log(line.replace(/\s*\n\s*/g, ' '));
}
