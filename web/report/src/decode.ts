// Reading data whose shape is promised: a decoder both states a shape and checks it, so that types cannot drift from
// what is checked. Whatever is absent reads as empty; what has another shape than promised is named by its path.

export class Misshapen extends Error {}

type Decoder<T> = (value: unknown, path: string) => T;
export type Decoded<D> = D extends Decoder<infer T> ? T : never;

const absent = (value: unknown): boolean => value === undefined || value === null;

function misshapen(path: string, expected: string, value: unknown): Misshapen {
  const found = JSON.stringify(value).slice(0, 40);
  return new Misshapen(`${path || "the data"} should be ${expected}, but is ${found}`);
}

export const text: Decoder<string> = (value, path) => {
  if (absent(value)) return "";
  if (typeof value !== "string") throw misshapen(path, "a text", value);
  return value;
};

/** Null where it is absent or was not finite, which JSON cannot say. */
export const number: Decoder<number | null> = (value, path) => {
  if (absent(value)) return null;
  if (typeof value !== "number") throw misshapen(path, "a number", value);
  return Number.isFinite(value) ? value : null;
};

/** A number of which there is none when it is absent: a count, a duration. */
export const amount: Decoder<number> = (value, path) => number(value, path) ?? 0;

/** One of the words, or the first for any other, which a newer program may write. */
export const oneOf =
  <const Words extends readonly [string, ...string[]]>(...words: Words): Decoder<Words[number]> =>
  (value, path) => {
    const word = text(value, path);
    return words.find((w) => w === word) ?? words[0];
  };

/** A value of an option, of whatever kind. */
export const plain: Decoder<string | number | boolean | null> = (value) =>
  absent(value)
    ? null
    : typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? value
      : JSON.stringify(value);

export const list =
  <T>(item: Decoder<T>): Decoder<T[]> =>
  (value, path) => {
    if (absent(value)) return [];
    if (!Array.isArray(value)) throw misshapen(path, "a list", value);
    return value.map((v, i) => item(v, `${path}[${i}]`));
  };

export const record =
  <T>(item: Decoder<T>): Decoder<Record<string, T>> =>
  (value, path) => {
    if (absent(value)) return {};
    if (typeof value !== "object" || Array.isArray(value))
      throw misshapen(path, "an object", value);
    return Object.fromEntries(
      Object.entries(value as object).map(([key, v]) => [key, item(v, `${path}.${key}`)]),
    );
  };

type Fields = Record<string, Decoder<unknown>>;

export const object =
  <F extends Fields>(fields: F): Decoder<{ [K in keyof F]: Decoded<F[K]> }> =>
  (value, path) => {
    if (!absent(value) && (typeof value !== "object" || Array.isArray(value)))
      throw misshapen(path, "an object", value);
    const given = (value ?? {}) as Record<string, unknown>;
    const prefix = path === "" ? "" : `${path}.`;
    return Object.fromEntries(
      Object.entries(fields).map(([key, field]) => [key, field(given[key], prefix + key)]),
    ) as { [K in keyof F]: Decoded<F[K]> };
  };

/** Null when it is absent, where being empty and being absent differ. */
export const optional =
  <T>(decoder: Decoder<T>): Decoder<T | null> =>
  (value, path) =>
    absent(value) ? null : decoder(value, path);

/** Lists of one table's columns have one length; those named may be empty. */
export function sameLength(
  columns: Record<string, readonly unknown[]>,
  path: string,
  mayBeEmpty: string[],
): void {
  const entries = Object.entries(columns).filter(
    ([name, values]) => !(values.length === 0 && mayBeEmpty.includes(name)),
  );
  const lengths = new Set(entries.map(([, values]) => values.length));
  if (lengths.size > 1) {
    const told = entries.map(([name, values]) => `${name} ${values.length}`).join(", ");
    throw new Misshapen(`${path}: its lists should be of one length, but are of ${told}`);
  }
}
