/** Literals as prettier prints them (single quotes, 110 columns). */

export type Data =
  | string
  | number
  | boolean
  | readonly Data[]
  | { readonly kind: 'object'; readonly entries: readonly (readonly [key: string, value: Data])[] }
  /** An expression as it is, without line breaks. */
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly string[] }
  /** (params) => body */
  | { readonly kind: 'arrow'; readonly params: string; readonly body: Data }
  /** An element of an array under a `//` comment. */
  | { readonly kind: 'commented'; readonly comment: string; readonly value: Data };

export const code = (text: string): Data => ({ kind: 'code', text });

/** An object with keys of ours, in order; undefined values are left out. */
export function object(entries: Readonly<Record<string, Data | undefined>>): Data {
  return {
    kind: 'object',
    entries: Object.entries(entries).filter((entry): entry is [string, Data] => entry[1] !== undefined),
  };
}

export const lineWidth = 110;

/** A string literal that cannot end its string, a comment, or a script element. */
export function stringLiteral(text: string): string {
  if (/^[\w .,:@/-]*$/.test(text)) return `'${text}'`;
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
    .replaceAll('*/', '*\\/')
    .replaceAll(/<(?=\/script|!--)/gi, '\\x3C');
  const singles = escaped.split("'").length;
  const doubles = escaped.split('"').length;
  return singles > doubles ? `"${escaped.replaceAll('"', '\\"')}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}

/** Text that stays inside a comment and on its line. */
export function commentText(text: string): string {
  return text
    .replaceAll(/[\s\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ')
    .replaceAll('*/', '*\\/')
    .replaceAll(/<(?=\/script|!--)/gi, '<\\')
    .trim();
}

/** A key of an object literal or a type; names of users may be anything, `__proto__` too. */
export const propertyKey = (name: string): string => {
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
};

function numberLiteral(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value).replace('e+', 'e');
}

/** `data` from column `column` on, with `after` characters behind it; further lines are indented by `indent`. */
export function printData(data: Data, indent: number, column: number, after = 1): string {
  const room = lineWidth - column - after;
  const flat = flatData(data, room);
  if (flat !== undefined && flat.length <= room) return flat;
  return brokenData(data, indent);
}

/** On one line; undefined where prettier would break it whatever its length, or where it surely takes more than `room`. */
function flatData(data: Data, room: number): string | undefined {
  if (typeof data === 'string') return stringLiteral(data);
  if (typeof data === 'number') return numberLiteral(data);
  if (typeof data === 'boolean') return String(data);
  if ('kind' in data) {
    switch (data.kind) {
      case 'code':
        return data.text;
      case 'call':
        return `${data.name}(${data.args.join(', ')})`;
      case 'arrow': {
        const body = flatData(data.body, room);
        return body === undefined ? undefined : `${data.params} => ${body}`;
      }
      case 'commented':
        return undefined;
      case 'object': {
        if (data.entries.length === 0) return '{}';
        const entries = flatItems(data.entries, room, ([key, value]) =>
          property(key, value, flatData(value, room)),
        );
        return entries && `{ ${entries.join(', ')} }`;
      }
      default:
        return data satisfies never;
    }
  }
  if (mustBreak(data)) return undefined;
  const items = flatItems(data, room, (item) => flatData(item, room));
  return items && `[${items.join(', ')}]`;
}

/** The texts of all items; undefined as soon as one has none or they take more than `room`, for tables are long. */
function flatItems<T>(
  items: readonly T[],
  room: number,
  print: (item: T) => string | undefined,
): readonly string[] | undefined {
  const texts: string[] = [];
  let length = 0;
  for (const item of items) {
    const text = print(item);
    length += text?.length ?? 0;
    if (text === undefined || length > room) return undefined;
    texts.push(text);
  }
  return texts;
}

function property(key: string, value: Data, text: string | undefined): string | undefined {
  const shorthand =
    typeof value === 'object' && 'kind' in value && value.kind === 'code' && value.text === key;
  if (shorthand) return key;
  return text === undefined ? undefined : `${propertyKey(key)}: ${text}`;
}

/** Prettier breaks arrays of more than one element whose elements are all objects, or all arrays, of more than one. */
function mustBreak(items: readonly Data[]): boolean {
  if (items.length < 2) return false;
  const sizes = items.map((item): [string, number] => {
    if (typeof item !== 'object') return ['', 0];
    if (!('kind' in item)) return ['array', item.length];
    return item.kind === 'object' ? ['object', item.entries.length] : ['', 0];
  });
  return sizes.every(([kind, size]) => kind !== '' && kind === sizes[0]?.[0] && size > 1);
}

function brokenData(data: Data, indent: number): string {
  const inside = indent + 2;
  const pad = ' '.repeat(inside);
  const end = ' '.repeat(indent);
  if (typeof data !== 'object') return flatData(data, Infinity) ?? '';
  if (!('kind' in data)) {
    if (data.length > 1 && data.every((item) => typeof item === 'number')) {
      return `[\n${fill(data.map(numberLiteral), inside)}\n${end}]`;
    }
    const items = data.map((item) => {
      const [comment, value] = isCommented(item) ? [`// ${item.comment}\n${pad}`, item.value] : ['', item];
      return `${pad}${comment}${printData(value, inside, inside)},\n`;
    });
    return `[\n${items.join('')}${end}]`;
  }
  switch (data.kind) {
    case 'object': {
      const entries = data.entries.map(([key, value]) => {
        const column = inside + propertyKey(key).length + 2;
        return `${pad}${property(key, value, printData(value, inside, column))},\n`;
      });
      return `{\n${entries.join('')}${end}}`;
    }
    case 'call':
      return `${data.name}(\n${data.args.map((arg) => `${pad}${arg},\n`).join('')}${end})`;
    case 'arrow':
      return typeof data.body === 'object' && 'kind' in data.body && data.body.kind === 'call'
        ? `${data.params} =>\n${pad}${printData(data.body, inside, inside)}`
        : `${data.params} => ${brokenData(data.body, indent)}`;
    case 'commented':
      return printData(data.value, indent, indent);
    case 'code':
      return data.text;
    default:
      return data satisfies never;
  }
}

const isCommented = (data: Data): data is Extract<Data, { readonly kind: 'commented' }> =>
  typeof data === 'object' && 'kind' in data && data.kind === 'commented';

/** As many to a line as fit. */
function fill(items: readonly string[], indent: number): string {
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  for (const [i, item] of items.entries()) {
    const text = `${item},`;
    const first = line.trim() === '';
    if (!first && line.length + 1 + text.length > lineWidth) {
      lines.push(line);
      line = ' '.repeat(indent) + text;
    } else line += first ? text : ` ${text}`;
    if (i === items.length - 1) lines.push(line);
  }
  return lines.join('\n');
}
