// Requests and answers held against OpenAI's SDK: would it have sent this, and does what
// comes back have the type that it promises?
import { sdkCalls } from './sdk_calls.mjs';
import { validatorsOf } from './sdk_schemas.mjs';
import { problemsOf } from './problems.mjs';
import { matches, queryOf } from './request.mjs';

// sdkJudge(): { request(REQUEST), answer(METHOD, PATH, JSON) }, each { call, problems }.
// A REQUEST is { method, path, query, headers, body } with a path without /v1, headers in
// small letters and both query and body as they were sent.
export function sdkJudge() {
    const calls = sdkCalls();
    const types = calls.flatMap(({ params, answer, item }) => [params, answer, item]);
    const validatorOf = validatorsOf(types.filter(Boolean));
    const judged = (method, path, judge) => {
        const call = callOf(calls, method, path);
        const name = `${method} ${call?.path ?? path}`;
        return { call: name, problems: call ? judge(call) : ['the SDK has no such call'] };
    };
    return {
        request: (request) =>
            judged(request.method, request.path, (call) => [
                ...headerProblems(call, request),
                ...placeProblems(call, request),
                ...typeProblems(call, request, validatorOf),
            ]),
        answer: (method, path, json) =>
            judged(method, path, (call) => answerProblems(call, json, validatorOf)),
    };
}

// The call with the fewest parameters in its path: /threads/runs is no thread.
function callOf(calls, method, path) {
    const parameters = (call) => call.path.split('{').length;
    return calls
        .filter((call) => call.method === method && matches(call.path, path))
        .sort((a, b) => parameters(a) - parameters(b))[0];
}

function headerProblems(call, { headers, body }) {
    const wanted = {
        authorization: /^Bearer \S+$/,
        ...(call.beta ? { 'openai-beta': new RegExp(`^${call.beta}$`) } : {}),
        ...(body ? { 'content-type': /^application\/json\b/ } : {}),
    };
    return Object.entries(wanted)
        .filter(([name, value]) => !value.test(headers[name] ?? ''))
        .map(([name]) => `header ${name}: ${headers[name] ?? 'missing'}`);
}

// What belongs into the query is no member of the body, and the other way round.
function placeProblems(call, { query, body }) {
    const inQuery = Object.keys(queryOf(query));
    const inBody = Object.keys(bodyOf(body));
    const foreign = call.queryNames
        ? inQuery.filter((name) => !call.queryNames.includes(name))
        : [];
    const misplaced = inBody.filter((name) =>
        [...(call.queryNames ?? []), ...call.pathNames].includes(name),
    );
    return [
        ...foreign.map((name) => `query: ${name} is not part of it`),
        ...misplaced.map((name) => `body: ${name} is not part of it`),
        ...(body && !call.hasBody ? ['body: there should be none'] : []),
    ];
}

function typeProblems(call, { query, body }, validatorOf) {
    if (!call.params) {
        return [];
    }
    const fromPath = Object.fromEntries(call.pathNames.map((name) => [name, 'in_the_path']));
    const all = { ...fromPath, ...queryOf(query), ...bodyOf(body) };
    return problemsOf(validatorOf(call.params, { isText: !call.hasBody }), all);
}

function bodyOf(body) {
    return body ? JSON.parse(body) : {};
}

function answerProblems(call, json, validatorOf) {
    if (call.item) {
        const pages = typeof json.has_more === 'boolean' ? [] : ['has_more must be boolean'];
        return [...pages, ...json.data.flatMap((item) => problemsOf(validatorOf(call.item), item))];
    }
    return call.answer ? problemsOf(validatorOf(call.answer), { ...added(call), ...json }) : [];
}

// The SDK itself puts these into what it returns.
function added(call) {
    return call.answer.name === 'Response' ? { output_text: '' } : {};
}
