// OpenAI's API as OpenAI's own SDK calls it, read from the SDK's source: each method of a
// resource says its HTTP method, its path, the type of its parameters, which of them go
// into the path and the query, and the type of the answer.
//
// A call: { method, path: '/threads/{thread_id}/runs/{}', beta, hasBody, pathNames,
// queryNames (null: all but the path's), params, answer, item }, where the last three are
// types { module, name } or null; item is that of a list's data.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { directory, typescript as ts } from './packages.mjs';

const source = `${directory}node_modules/openai/src/resources/`;

const modules = [
    'beta/assistants',
    'beta/threads/threads',
    'beta/threads/messages',
    'beta/threads/runs/runs',
    'beta/threads/runs/steps',
    'responses/responses',
    'responses/input-items',
    'conversations/conversations',
    'conversations/items',
    'chat/completions/completions',
];

export function sdkCalls() {
    return modules.flatMap(callsOfModule);
}

function callsOfModule(module) {
    const text = readFileSync(`${source}${module}.ts`, 'utf8');
    const file = ts.createSourceFile(module, text, ts.ScriptTarget.Latest, true);
    const aliases = new Map(
        findAll(file, ts.isNamespaceImport).map((node) => [
            node.name.text,
            normalize(join(dirname(module), node.parent.parent.moduleSpecifier.text)),
        ]),
    );
    const named = new Map(
        findAll(file, ts.isImportSpecifier).map((node) => [
            node.name.text,
            normalize(join(dirname(module), node.parent.parent.parent.moduleSpecifier.text)),
        ]),
    );
    const typeOf = (node) =>
        ts.isQualifiedName(node)
            ? { module: aliases.get(node.left.text), name: node.right.text }
            : { module: named.get(node.text) ?? module, name: node.text };
    return findAll(file, ts.isMethodDeclaration)
        .map((method) => [method, findAll(method, isRequest)[0]])
        .filter(([, request]) => request)
        .map(([method, request]) => callOf(method, request, typeOf));
}

const verbs = { get: 'GET', getAPIList: 'GET', post: 'POST', delete: 'DELETE' };

function isRequest(node) {
    return (
        ts.isCallExpression(node) &&
        ts.isPropertyAccessExpression(node.expression) &&
        node.expression.expression.getText() === 'this._client' &&
        node.expression.name.text in verbs
    );
}

function callOf(method, request, typeOf) {
    const [template, ...rest] = request.arguments;
    const options = rest[rest.length - 1];
    const taken = destructured(method);
    const path = pathOf(template, taken);
    const query = propertyOf(options, 'query');
    return {
        method: verbs[request.expression.name.text],
        path,
        beta: propertyOf(options, 'OpenAI-Beta')?.initializer.text ?? null,
        hasBody: propertyOf(options, 'body') !== undefined,
        pathNames: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
        queryNames: query ? queryNames(query) : [],
        params: paramsOf(method, typeOf),
        ...answerOf(method, typeOf),
    };
}

// What `const { thread_id, ...body } = params` takes out of the parameters.
function destructured(method) {
    return new Set(
        findAll(method, ts.isBindingElement)
            .filter((node) => !node.dotDotDotToken)
            .map((node) => node.name.text),
    );
}

function pathOf(template, taken) {
    if (!ts.isTaggedTemplateExpression(template)) {
        return template.text;
    }
    const { head, templateSpans } = template.template;
    return templateSpans.reduce((path, span) => {
        const name = span.expression.getText();
        return `${path}{${taken.has(name) ? name : ''}}${span.literal.text}`;
    }, head.text);
}

function propertyOf(node, name) {
    const isProperty = (n) => ts.isPropertyAssignment(n) || ts.isShorthandPropertyAssignment(n);
    return findAll(node, (n) => isProperty(n) && n.name.text === name)[0];
}

// `query: { include }` names them; `query` is all that the path does not take.
function queryNames(query) {
    return query.initializer && ts.isObjectLiteralExpression(query.initializer)
        ? query.initializer.properties.map((property) => property.name.text)
        : null;
}

function paramsOf(method, typeOf) {
    const isParams = (n) => ts.isTypeReferenceNode(n) && /Params$/.test(n.typeName.getText());
    const [reference] = findAll(method, isParams);
    return reference ? typeOf(reference.typeName) : null;
}

function answerOf(method, typeOf) {
    const result = findAll(method.type, ts.isTypeReferenceNode);
    const page = result.find((node) => node.typeName.getText() === 'PagePromise');
    if (page) {
        return { answer: null, item: typeOf(page.typeArguments[1].typeName) };
    }
    const promise = result.find((node) => node.typeName.getText() === 'APIPromise');
    const type = promise.typeArguments[0];
    return { answer: ts.isTypeReferenceNode(type) ? typeOf(type.typeName) : null, item: null };
}

function findAll(node, isWanted) {
    const found = [];
    const visit = (child) => {
        if (isWanted(child)) {
            found.push(child);
        }
        ts.forEachChild(child, visit);
    };
    visit(node);
    return found;
}
