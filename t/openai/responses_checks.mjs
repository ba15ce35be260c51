// Responses in the foreground and the background, and conversations.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

import { OpenAI } from './packages.mjs';

const model = 'gpt-4o';
const tools = [
    {
        type: 'function',
        name: 'lookup',
        parameters: { type: 'object', properties: { q: { type: 'string' } } },
        strict: false,
    },
];
const asking = '[[tools=lookup]] [[tool_arguments={"q":"x"}]] [[answer=Found it]]';

function start({ responses }, input, params = {}) {
    return responses.create({ model, input, background: true, store: true, ...params });
}

async function end({ responses }, { id }) {
    for (;;) {
        const response = await responses.retrieve(id);
        if (!['queued', 'in_progress'].includes(response.status)) {
            return response;
        }
        await pause(20);
    }
}

const run = async (client, input, params) => end(client, await start(client, input, params));

const callsIn = (response) => response.output.filter((item) => item.type === 'function_call');

const outputsFor = (response) =>
    callsIn(response).map(({ call_id, name }) => ({
        type: 'function_call_output',
        call_id,
        output: `for ${name}`,
    }));

async function collect(pages) {
    const all = [];
    for await (const item of pages) {
        all.push(item);
    }
    return all;
}

export const checks = {
    'a response in the foreground is complete at once': async ({ responses }) => {
        const response = await responses.create({ model, input: 'Hello. [[answer=Hi there]]' });
        assert.equal(response.status, 'completed');
        assert.equal(response.output_text, 'Hi there');
    },

    'a response in the background is polled to its end': async (client) => {
        const started = await start(client, 'Hello. [[answer=Hi there]] [[duration=60]]', {
            instructions: 'Be short.',
            metadata: { ticket: '17' },
        });
        assert.ok(['queued', 'in_progress'].includes(started.status));
        assert.equal(started.usage ?? null, null);
        const response = await end(client, started);
        assert.equal(response.status, 'completed');
        assert.equal(response.output_text, 'Hi there');
        assert.equal(response.metadata.ticket, '17');
        const { usage } = response;
        assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
    },

    'a response in the background is cancelled, as often as one likes': async (client) => {
        const started = await start(client, '[[duration=20000]]');
        const cancelled = await client.responses.cancel(started.id);
        assert.equal(cancelled.status, 'cancelled');
        assert.equal((await client.responses.cancel(started.id)).status, 'cancelled');
        assert.equal((await client.responses.retrieve(started.id)).status, 'cancelled');
    },

    'a response in the foreground cannot be cancelled': async ({ responses }) => {
        const response = await responses.create({ model, input: 'Hello.' });
        await assert.rejects(responses.cancel(response.id), OpenAI.BadRequestError);
    },

    'responses end failed and incomplete': async (client) => {
        const failed = await run(client, '[[error=rate_limit_exceeded:Slow down.]]');
        assert.equal(failed.status, 'failed');
        assert.deepEqual(failed.error, { code: 'rate_limit_exceeded', message: 'Slow down.' });
        const incomplete = await run(client, '[[status=incomplete]]');
        assert.equal(incomplete.status, 'incomplete');
        assert.equal(incomplete.incomplete_details.reason, 'max_output_tokens');
    },

    'a message may have annotations or be a refusal': async (client) => {
        const cited = await run(client, '[[annotations]]');
        const [message] = cited.output.filter((item) => item.type === 'message');
        assert.ok(message.content[0].annotations.length > 0);
        const refused = await run(client, '[[refusal]]');
        const parts = refused.output.flatMap((item) => item.content ?? []);
        assert.ok(parts.some((part) => part.type === 'refusal'));
    },

    'outputs of the code interpreter are there when they are asked for': async (client) => {
        const params = { tools: [{ type: 'code_interpreter', container: { type: 'auto' } }] };
        const response = await run(client, '[[code_interpreter]]', params);
        const outputsOf = ({ output }) =>
            output.find((item) => item.type === 'code_interpreter_call').outputs;
        assert.equal(outputsOf(response) ?? null, null);
        const include = ['code_interpreter_call.outputs'];
        const whole = await client.responses.retrieve(response.id, { include });
        assert.ok(outputsOf(whole).length > 0);
    },

    'results of a file search are there when they are asked for': async (client) => {
        const params = { tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] };
        const response = await run(client, '[[file_search]]', params);
        const resultsOf = ({ output }) =>
            output.find((item) => item.type === 'file_search_call').results;
        assert.equal(resultsOf(response) ?? null, null);
        const include = ['file_search_call.results'];
        const whole = await client.responses.retrieve(response.id, { include });
        assert.ok(resultsOf(whole).length > 0);
    },

    'function outputs carry a conversation on': async (client) => {
        const conversation = (await client.conversations.create({})).id;
        const asked = await run(client, asking, { conversation, tools });
        assert.equal(asked.status, 'completed');
        assert.equal(callsIn(asked)[0].arguments, '{"q":"x"}');
        const done = await run(client, outputsFor(asked), { conversation, tools });
        assert.equal(done.output_text, 'Found it');
        const items = await collect(
            client.conversations.items.list(conversation, { order: 'asc' }),
        );
        assert.deepEqual(
            items.map((item) => item.type),
            ['message', 'function_call', 'function_call_output', 'message'],
        );
    },

    'function outputs carry a previous response on': async (client) => {
        const asked = await run(client, asking, { tools });
        const params = { previous_response_id: asked.id, tools };
        const done = await run(client, outputsFor(asked), params);
        assert.equal(done.output_text, 'Found it');
        assert.equal(done.previous_response_id, asked.id);
    },

    'missing and orphan function outputs are BadRequestErrors': async (client) => {
        const asked = await run(client, asking, { tools });
        const [{ call_id }] = callsIn(asked);
        await assert.rejects(start(client, 'And?', { previous_response_id: asked.id, tools }), {
            status: 400,
            param: 'input',
            message: `400 No tool output found for function call ${call_id}.`,
        });
        const orphan = [{ type: 'function_call_output', call_id: 'call_none', output: 'x' }];
        await assert.rejects(start(client, orphan, { tools }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.match(error.message, /No tool call found for function call output.*call_none/);
            return true;
        });
    },

    'a conversation takes one response at a time': async (client) => {
        const conversation = (await client.conversations.create({ metadata: { a: 'b' } })).id;
        const first = await start(client, '[[duration=20000]]', { conversation });
        assert.equal(first.conversation.id, conversation);
        await assert.rejects(start(client, 'Me too.', { conversation }), {
            status: 400,
            code: 'conversation_locked',
        });
        await client.responses.cancel(first.id);
        assert.equal((await run(client, 'Now me.', { conversation })).status, 'completed');
    },

    'a conversation takes items, shows them and gives them up': async ({ conversations }) => {
        const message = (content) => ({ type: 'message', role: 'user', content });
        const { id } = await conversations.create({ items: [message('One.')] });
        const added = await conversations.items.create(id, {
            items: [message([{ type: 'input_text', text: 'Two.' }]), message('Three.')],
        });
        assert.equal(added.data.length, 2);
        const items = await collect(conversations.items.list(id, { limit: 1, order: 'asc' }));
        assert.deepEqual(
            items.map((item) => item.content[0].text),
            ['One.', 'Two.', 'Three.'],
        );
        const same = await conversations.items.retrieve(items[1].id, { conversation_id: id });
        assert.deepEqual(same, items[1]);
        await conversations.items.delete(items[1].id, { conversation_id: id });
        assert.equal((await conversations.items.list(id)).data.length, 2);
    },

    'a conversation is changed and deleted': async ({ conversations }) => {
        const { id } = await conversations.create({ metadata: { a: 'b' } });
        await conversations.update(id, { metadata: { c: 'd' } });
        assert.deepEqual((await conversations.retrieve(id)).metadata, { c: 'd' });
        const deleted = await conversations.delete(id);
        assert.deepEqual(deleted, { id, object: 'conversation.deleted', deleted: true });
        await assert.rejects(conversations.retrieve(id), OpenAI.NotFoundError);
    },

    'the input of a response is listed': async (client) => {
        const { id } = await client.responses.create({ model, input: 'Hello.' });
        const items = await collect(client.responses.inputItems.list(id));
        assert.equal(items[0].content[0].text, 'Hello.');
    },

    'a lost response is a NotFoundError': async (client) => {
        const { id } = await start(client, '[[lost_after=1]] [[duration=20000]]');
        await pause(20);
        await assert.rejects(client.responses.retrieve(id), OpenAI.NotFoundError);
    },

    'a deleted response is a NotFoundError': async ({ responses }) => {
        const { id } = await responses.create({ model, input: 'Hello.' });
        await responses.delete(id);
        await assert.rejects(responses.retrieve(id), OpenAI.NotFoundError);
        await assert.rejects(responses.cancel(id), OpenAI.NotFoundError);
    },

    'a conversation beside a previous response is a BadRequestError': async (client) => {
        const { id } = await client.responses.create({ model, input: 'Hello.' });
        const conversation = (await client.conversations.create({})).id;
        const both = { conversation, previous_response_id: id };
        await assert.rejects(start(client, 'x', both), OpenAI.BadRequestError);
    },

    'what is unknown is refused': async (client) => {
        await assert.rejects(client.responses.retrieve('resp_none'), OpenAI.NotFoundError);
        const previous = { previous_response_id: 'resp_none' };
        await assert.rejects(start(client, 'x', previous), OpenAI.APIError);
        await assert.rejects(start(client, 'x', { conversation: 'conv_none' }), OpenAI.APIError);
        await assert.rejects(start(client, 'x', { backgrund: true }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.match(error.message, /backgrund/);
            return true;
        });
    },
};
