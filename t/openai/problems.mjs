// What a validator of ajv found, in one short line: of a union's alternatives, those that
// got furthest.
export function problemsOf(validator, value) {
    if (validator(value)) {
        return [];
    }
    const depth = (error) => error.instancePath.split('/').length;
    const deepest = Math.max(...validator.errors.map(depth));
    const texts = validator.errors.filter((error) => depth(error) === deepest).map(textOf);
    return [[...new Set(texts)].slice(0, 4).join(', or ')];
}

function textOf({ instancePath, message, params }) {
    const detail = params.additionalProperty ?? params.allowedValue ?? params.allowedValues;
    return `${instancePath || 'it'} ${message}${detail === undefined ? '' : ` (${detail})`}`;
}
