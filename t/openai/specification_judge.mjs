// Requests and answers held against OpenAI's published OpenAPI 3.1 document, which knows
// limits that the SDK's types cannot say. It forbids few unknown members; the SDK's types do.
import { readFileSync } from 'node:fs';

import { Ajv2020 } from './packages.mjs';
import { problemsOf } from './problems.mjs';
import { matches, queryOf } from './request.mjs';

// specificationJudge(FILE): as sdkJudge().
export function specificationJudge(file) {
    const document = JSON.parse(readFileSync(file, 'utf8'), withoutLooseNullable);
    const options = {
        strict: false,
        allErrors: true,
        validateFormats: false,
        validateSchema: false,
    };
    const exact = new Ajv2020(options).addSchema(document, 'openai');
    const lenient = new Ajv2020({ ...options, coerceTypes: true }).addSchema(document, 'openai');
    const judged = (method, path, judge) => {
        const found = operationOf(document, method, path);
        const problems = found ? judge(found) : ['there is no such call'];
        return {
            call: `${method} ${found?.path ?? path}`,
            problems: problems.map((text) => `by the specification: ${text}`),
        };
    };
    return {
        request: (request) =>
            judged(request.method, request.path, (found) => [
                ...queryProblems(found, request, lenient),
                ...bodyProblems(found, request, exact),
            ]),
        answer: (method, path, json) =>
            judged(method, path, (found) => answerProblems(found, json, exact)),
    };
}

// OpenAPI 3.1 knows no `nullable`; ajv refuses it without a type beside it.
function withoutLooseNullable(key, value) {
    if (value?.nullable !== undefined && value.type === undefined) {
        delete value.nullable;
    }
    return value;
}

function operationOf(document, method, path) {
    const parameters = (template) => template.split('{').length;
    const verb = method.toLowerCase();
    const [found] = Object.keys(document.paths)
        .filter((template) => matches(template, path) && document.paths[template][verb])
        .sort((a, b) => parameters(a) - parameters(b));
    return found && { path: found, verb, operation: document.paths[found][verb] };
}

function queryProblems({ path, verb, operation }, { query }, ajv) {
    const known = (operation.parameters ?? []).map((parameter, index) => ({ ...parameter, index }));
    return Object.entries(queryOf(query)).flatMap(([name, value]) => {
        const parameter = known.find((p) => p.in === 'query' && p.name.replace('[]', '') === name);
        if (!parameter) {
            return [`query: ${name} is not part of it`];
        }
        const at = pointer('paths', path, verb, 'parameters', parameter.index, 'schema');
        const wrapped = { type: 'object', properties: { [name]: { $ref: `openai#${at}` } } };
        return problemsOf(ajv.compile(wrapped), { [name]: value });
    });
}

function bodyProblems({ path, verb, operation }, { body }, ajv) {
    if (!body) {
        return operation.requestBody?.required ? ['body: there should be one'] : [];
    }
    if (!operation.requestBody) {
        return ['body: there should be none'];
    }
    const at = pointer('paths', path, verb, 'requestBody', 'content', 'application/json', 'schema');
    return problemsOf(ajv.compile({ $ref: `openai#${at}` }), JSON.parse(body));
}

function answerProblems({ path, verb, operation }, json, ajv) {
    if (!operation.responses['200']?.content?.['application/json']?.schema) {
        return [];
    }
    const inside = ['responses', '200', 'content', 'application/json', 'schema'];
    const at = pointer('paths', path, verb, ...inside);
    return problemsOf(ajv.compile({ $ref: `openai#${at}` }), json);
}

function pointer(...parts) {
    const escaped = parts.map((part) => String(part).replace(/~/g, '~0').replace(/\//g, '~1'));
    return `/${escaped.map(encodeURIComponent).join('/')}`;
}
