// Threads, messages, runs and assistants, as an application with the SDK uses them.
import assert from 'node:assert/strict';

import { OpenAI } from './packages.mjs';

const assistant_id = 'asst_demo';
const quickly = { pollIntervalMs: 20 };

async function runOf({ beta }, content, params = {}) {
    const thread = await beta.threads.create({ metadata: { for: 'a check' } });
    await beta.threads.messages.create(thread.id, { role: 'user', content });
    const run = await beta.threads.runs.createAndPoll(
        thread.id,
        { assistant_id, ...params },
        quickly,
    );
    return { thread_id: thread.id, run };
}

async function collect(pages) {
    const all = [];
    for await (const item of pages) {
        all.push(item);
    }
    return all;
}

function textOf(message) {
    return message.content.map((part) => part.text?.value ?? part.refusal ?? '').join('');
}

const outputsFor = (run) =>
    run.required_action.submit_tool_outputs.tool_calls.map((call) => ({
        tool_call_id: call.id,
        output: `for ${call.function.name}`,
    }));

export const checks = {
    'an assistant is found': async ({ beta }) => {
        const assistant = await beta.assistants.retrieve(assistant_id);
        assert.equal(assistant.id, assistant_id);
    },

    'an assistant is made, changed, listed and deleted': async ({ beta: { assistants } }) => {
        const schema = { type: 'object', properties: { q: { type: 'string' } } };
        const made = await assistants.create({
            model: 'gpt-4o',
            name: 'A check',
            instructions: 'Be short.',
            temperature: 0.2,
            metadata: { hash: '17' },
            response_format: { type: 'json_object' },
            tools: [
                { type: 'code_interpreter' },
                { type: 'function', function: { name: 'lookup', parameters: schema } },
            ],
        });
        assert.equal(made.metadata.hash, '17');
        const changed = await assistants.update(made.id, { instructions: 'Be long.' });
        assert.equal(changed.instructions, 'Be long.');
        assert.deepEqual(changed.tools, made.tools);
        const listed = await collect(assistants.list({ limit: 1 }));
        assert.ok(listed.some(({ id }) => id === made.id));
        const deleted = await assistants.delete(made.id);
        assert.deepEqual(deleted, { id: made.id, object: 'assistant.deleted', deleted: true });
        await assert.rejects(assistants.retrieve(made.id), OpenAI.NotFoundError);
    },

    'a run is polled to its end': async (client) => {
        const { thread_id, run } = await runOf(client, 'Hello. [[answer=Hi there]]', {
            metadata: { ticket: '17' },
            instructions: 'Be short.',
        });
        assert.equal(run.status, 'completed');
        assert.equal(run.metadata.ticket, '17');
        assert.equal(run.usage.total_tokens, run.usage.prompt_tokens + run.usage.completion_tokens);
        const messages = await client.beta.threads.messages.list(thread_id, { run_id: run.id });
        assert.equal(textOf(messages.data[0]), 'Hi there');
    },

    'pages are walked through': async (client) => {
        const { thread_id, run } = await runOf(client, '[[messages=7]]');
        const { messages } = client.beta.threads;
        const found = await collect(
            messages.list(thread_id, { run_id: run.id, limit: 2, order: 'asc' }),
        );
        assert.equal(new Set(found.map((message) => message.id)).size, 7);
        const again = await messages.retrieve(found[0].id, { thread_id });
        assert.deepEqual(again, found[0]);
    },

    'runs of a thread are listed': async (client) => {
        const { thread_id, run } = await runOf(client, 'Hello.');
        const runs = await collect(client.beta.threads.runs.list(thread_id, { order: 'desc' }));
        assert.deepEqual(
            runs.map(({ id }) => id),
            [run.id],
        );
    },

    'a message may have annotations, an image or a refusal': async (client) => {
        const { thread_id } = await runOf(client, '[[annotations]] [[image]]');
        const messages = await client.beta.threads.messages.list(thread_id, { limit: 1 });
        const types = messages.data[0].content.map((part) => part.type);
        assert.deepEqual(types, ['image_file', 'text']);
        const refused = await runOf(client, '[[refusal]]');
        const [last] = (await client.beta.threads.messages.list(refused.thread_id)).data;
        assert.ok(last.content.some((part) => part.type === 'refusal'));
    },

    'steps show what the run did': async (client) => {
        const { thread_id, run } = await runOf(client, '[[code_interpreter]] [[file_search]]');
        const steps = await collect(
            client.beta.threads.runs.steps.list(run.id, { thread_id, order: 'asc' }),
        );
        assert.deepEqual(
            steps.map((step) => step.type),
            ['tool_calls', 'tool_calls', 'message_creation'],
        );
        const [, { step_details }] = steps;
        const [searched] = step_details.tool_calls;
        assert.ok(searched.file_search.results.length > 0);
        assert.equal(searched.file_search.results[0].content ?? null, null);
        const again = await client.beta.threads.runs.steps.retrieve(steps[1].id, {
            thread_id,
            run_id: run.id,
            include: ['step_details.tool_calls[*].file_search.results[*].content'],
        });
        assert.ok(again.step_details.tool_calls[0].file_search.results[0].content.length > 0);
    },

    'tool outputs carry a run on': async (client) => {
        const { thread_id, run } = await runOf(
            client,
            '[[status=requires_action]] [[tools=lookup,weather]] [[tool_arguments={"q":1}]]',
        );
        assert.equal(run.status, 'requires_action');
        const done = await client.beta.threads.runs.submitToolOutputsAndPoll(
            run.id,
            { thread_id, tool_outputs: outputsFor(run) },
            quickly,
        );
        assert.equal(done.status, 'completed');
        const steps = await collect(client.beta.threads.runs.steps.list(run.id, { thread_id }));
        const calls = steps.flatMap((step) => step.step_details.tool_calls ?? []);
        assert.deepEqual(calls.map((call) => call.function.output).sort(), [
            'for lookup',
            'for weather',
        ]);
    },

    'missing tool outputs are a BadRequestError': async (client) => {
        const { thread_id, run } = await runOf(client, '[[status=requires_action]] [[tools=a,b]]');
        const tool_outputs = outputsFor(run).slice(1);
        await assert.rejects(
            client.beta.threads.runs.submitToolOutputs(run.id, { thread_id, tool_outputs }),
            OpenAI.BadRequestError,
        );
    },

    'a run is cancelled': async ({ beta }) => {
        const thread = await beta.threads.create();
        const thread_id = thread.id;
        await beta.threads.messages.create(thread_id, {
            role: 'user',
            content: '[[duration=20000]]',
        });
        const started = await beta.threads.runs.create(thread_id, { assistant_id });
        assert.equal(started.status, 'queued');
        const cancelling = await beta.threads.runs.cancel(started.id, { thread_id });
        assert.equal(cancelling.status, 'cancelling');
        const run = await beta.threads.runs.poll(started.id, { thread_id }, quickly);
        assert.equal(run.status, 'cancelled');
    },

    'runs end failed, incomplete and expired': async (client) => {
        const failed = await runOf(client, '[[error=rate_limit_exceeded:Slow down.]]');
        assert.deepEqual(failed.run.last_error, {
            code: 'rate_limit_exceeded',
            message: 'Slow down.',
        });
        const incomplete = await runOf(client, '[[status=incomplete]]');
        assert.equal(incomplete.run.incomplete_details.reason, 'max_completion_tokens');
        const expired = await runOf(client, '[[status=expired]]');
        assert.equal(expired.run.status, 'expired');
    },

    'a busy thread takes neither message nor run': async ({ beta }) => {
        const thread = await beta.threads.create();
        await beta.threads.messages.create(thread.id, {
            role: 'user',
            content: '[[duration=20000]]',
        });
        const run = await beta.threads.runs.create(thread.id, { assistant_id });
        const message = { role: 'user', content: 'More.' };
        await assert.rejects(beta.threads.messages.create(thread.id, message), {
            status: 400,
            message: `400 Can't add messages to ${thread.id} while a run ${run.id} is active.`,
        });
        await assert.rejects(beta.threads.runs.create(thread.id, { assistant_id }), {
            status: 400,
            type: 'invalid_request_error',
            message: `400 Thread ${thread.id} already has an active run ${run.id}.`,
        });
    },

    'a deleted thread is a NotFoundError': async ({ beta }) => {
        const thread = await beta.threads.create({});
        assert.deepEqual(await beta.threads.retrieve(thread.id), thread);
        const deleted = await beta.threads.delete(thread.id);
        assert.deepEqual(deleted, { id: thread.id, object: 'thread.deleted', deleted: true });
        await assert.rejects(beta.threads.retrieve(thread.id), OpenAI.NotFoundError);
    },

    'what is unknown is a NotFoundError': async ({ beta }) => {
        await assert.rejects(beta.assistants.retrieve('asst_none'), OpenAI.NotFoundError);
        await assert.rejects(
            beta.threads.runs.retrieve('run_none', { thread_id: 'thread_none' }),
            OpenAI.NotFoundError,
        );
    },

    'a wrong key is an AuthenticationError': async (client) => {
        const stranger = client.withOptions({ apiKey: 'sk-wrong' });
        await assert.rejects(stranger.beta.threads.create(), OpenAI.AuthenticationError);
    },

    'a wrong member is a BadRequestError with its name': async ({ beta }) => {
        await assert.rejects(beta.threads.create({ metdata: {} }), (error) => {
            assert.ok(error instanceof OpenAI.BadRequestError);
            assert.equal(error.type, 'invalid_request_error');
            assert.match(error.message, /metdata/);
            return true;
        });
    },
};
