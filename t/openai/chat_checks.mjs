// Chat completions: the answer is held until it is there.
import assert from 'node:assert/strict';

import { OpenAI } from './packages.mjs';

const model = 'gpt-4o';
const tools = ['lookup', 'weather'].map((name) => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: { q: { type: 'string' } } } },
}));
const asking = '[[tools=lookup,weather]] [[tool_arguments={"q":"x"}]] [[answer=Found it]]';

function ask({ chat }, content, params = {}) {
    return chat.completions.create({ model, messages: [{ role: 'user', content }], ...params });
}

const outputsFor = (message) =>
    message.tool_calls.map(({ id, function: { name } }) => ({
        role: 'tool',
        tool_call_id: id,
        content: `for ${name}`,
    }));

export const checks = {
    'a question is answered': async (client) => {
        const completion = await client.chat.completions.create({
            model,
            messages: [
                { role: 'system', content: 'Be short.' },
                { role: 'user', content: [{ type: 'text', text: 'Hello. [[answer=Hi there]]' }] },
            ],
            metadata: { ticket: '17' },
            store: false,
        });
        const [choice] = completion.choices;
        assert.equal(choice.message.content, 'Hi there');
        assert.equal(choice.finish_reason, 'stop');
        const { usage } = completion;
        assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    },

    'the history comes along': async (client) => {
        const messages = [
            { role: 'user', content: 'One.' },
            { role: 'assistant', content: 'Two.' },
            { role: 'user', content: '[[answer=Three]]' },
        ];
        const completion = await ask(client, '', { messages });
        assert.equal(completion.choices[0].message.content, 'Three');
    },

    'tool outputs carry it on': async (client) => {
        const asked = await ask(client, asking, { tools });
        const [{ message, finish_reason }] = asked.choices;
        assert.equal(finish_reason, 'tool_calls');
        assert.deepEqual(
            message.tool_calls.map((call) => call.function),
            [
                { name: 'lookup', arguments: '{"q":"x"}' },
                { name: 'weather', arguments: '{"q":"x"}' },
            ],
        );
        const messages = [{ role: 'user', content: asking }, message, ...outputsFor(message)];
        const done = await ask(client, '', { messages, tools });
        assert.equal(done.choices[0].message.content, 'Found it');
    },

    'missing and orphan tool outputs are BadRequestErrors': async (client) => {
        const [{ message }] = (await ask(client, asking, { tools })).choices;
        const question = { role: 'user', content: asking };
        const outputs = outputsFor(message);
        const missing = [question, message, outputs[0]];
        await assert.rejects(ask(client, '', { messages: missing, tools }), OpenAI.BadRequestError);
        const orphan = [question, outputs[0]];
        await assert.rejects(ask(client, '', { messages: orphan, tools }), OpenAI.BadRequestError);
    },

    'an answer may be cut, or a refusal': async (client) => {
        const cut = await ask(client, '[[status=incomplete]]');
        assert.equal(cut.choices[0].finish_reason, 'length');
        const refused = await ask(client, '[[refusal]]');
        assert.ok(refused.choices[0].message.refusal);
    },

    'a wrong key is an AuthenticationError': async (client) => {
        const stranger = client.withOptions({ apiKey: 'sk-wrong' });
        await assert.rejects(ask(stranger, 'Hello.'), OpenAI.AuthenticationError);
    },

    'a wrong member is a BadRequestError with its name': async (client) => {
        await assert.rejects(ask(client, 'Hello.', { temprature: 1 }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.match(error.message, /temprature/);
            return true;
        });
    },
};
