// The packages of package.json: they are installed into build/openai, for nothing that is
// fetched belongs beside the sources.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

export const directory = fileURLToPath(new URL('../../build/openai/', import.meta.url));

const require = createRequire(`${directory}package.json`);

export const OpenAI = require('openai');
export const Ajv = require('ajv');
export const Ajv2020 = require('ajv/dist/2020');
export const typescript = require('typescript');
export const { createGenerator } = require('ts-json-schema-generator');
