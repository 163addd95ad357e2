/** What the helpers of compilers look like once a minifier has renamed them: asked of the compiler itself. */
import { transform } from "esbuild";
import { shapesIn } from "../../functions/source/helpers.ts";
import { parseProgram } from "../../functions/source/program.ts";

/** Uses what older targets lack, so that every target brings its helpers. */
const SAMPLE = `export default () => {
  const named = (x) => x;
  class Sample { #hidden = 1; static #shared = 2; field = 3; static count = 4;
    read() { return #hidden in this ? this.#hidden++ + Sample.#shared : this.#call(); } #call() { return super.toString(); }
    set(value) { this.#hidden = value; } async later() { for await (const part of []) await part; }
    async *many() { yield 1; yield* []; await 2; } *few() { yield* []; } }
  const { a, ["b" + a]: b, ...rest } = { ...a, c: 1 };
  const dispose = async () => { using one = a; await using two = b; };
  return [named, Sample, rest, dispose, a ** b, a?.[0] ?? b, String.raw\`\\u\`, async () => await a];
};`;

const TARGETS = ["es2016", "es2018", "es2020", "es2022"] as const;

let shapes: Promise<ReadonlySet<string>> | undefined;

export function helperShapes(): Promise<ReadonlySet<string>> {
  shapes ??= learn();
  return shapes;
}

async function learn(): Promise<ReadonlySet<string>> {
  const settings = TARGETS.flatMap((target) => [false, true].map((minify) => ({ target, minify })));
  const texts = await Promise.all(
    settings.map(
      async (setting) => (await transform(SAMPLE, { ...setting, keepNames: true, format: "esm" })).code,
    ),
  );
  const programs = texts.map((text) => parseProgram(text, "module"));
  return new Set(programs.flatMap((program) => (program === undefined ? [] : shapesIn(program))));
}
