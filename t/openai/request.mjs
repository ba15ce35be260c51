// What is in a request's path and query.

// matches('/threads/{thread_id}/runs/{}', '/threads/thread_1/runs/run_1')
export function matches(template, path) {
    const pattern = template.replace(/\{\w*\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(path);
}

// { name => text }, or a list of texts for name[].
export function queryOf(query) {
    const values = {};
    for (const [name, value] of new URLSearchParams(query ?? '')) {
        if (name.endsWith('[]')) {
            (values[name.slice(0, -2)] ??= []).push(value);
        } else {
            values[name] = value;
        }
    }
    return values;
}
