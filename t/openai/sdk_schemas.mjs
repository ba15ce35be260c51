// The SDK's TypeScript types as JSON schemas that know every member: what a type does not
// have is refused.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Ajv, createGenerator, directory } from './packages.mjs';

// validatorsOf(TYPES): a function of one of these types { module, name }, as sdkCalls() has
// them, that gives its validator of ajv; with { isText: true } one that takes numbers and
// booleans written as text.
export function validatorsOf(types) {
    const generator = generatorOf(types);
    const options = { strict: false, allErrors: true, verbose: true };
    const exact = new Ajv(options);
    const lenient = new Ajv({ ...options, coerceTypes: true });
    const made = new Map();
    return (type, { isText = false } = {}) => {
        const id = idOf(type);
        const key = `${id} ${isText}`;
        if (!made.has(key)) {
            made.set(key, (isText ? lenient : exact).compile(generator.createSchema(id)));
        }
        return made.get(key);
    };
}

function generatorOf(types) {
    const scratch = mkdtempSync(join(tmpdir(), 'edgerun-openai-'));
    try {
        const entry = join(scratch, 'types.ts');
        const config = join(scratch, 'tsconfig.json');
        const exported = new Map(types.map((type) => [idOf(type), exportOf(type)]));
        writeFileSync(entry, [...exported.values()].join('\n'));
        writeFileSync(config, JSON.stringify(configOf(entry)));
        return createGenerator({
            path: entry,
            tsconfig: config,
            skipTypeCheck: true,
            additionalProperties: false,
            jsDoc: 'none',
        });
    } finally {
        rmSync(scratch, { recursive: true });
    }
}

function idOf({ module, name }) {
    return `${module.replace(/\W/g, '_')}__${name}`;
}

function exportOf({ module, name }) {
    const id = idOf({ module, name });
    const file = `${directory}node_modules/openai/resources/${module}`;
    return `import type { ${name} as of_${id} } from '${file}';\nexport type ${id} = of_${id};`;
}

function configOf(entry) {
    const compilerOptions = {
        strict: true,
        target: 'es2022',
        module: 'es2022',
        moduleResolution: 'bundler',
        types: [],
    };
    return { compilerOptions, files: [entry] };
}
