/**
 * Functions that compilers put at the top of a file and call from everywhere: `__name`, `__publicField`, `__awaiter` …
 *
 * They are recognised by the names that compilers give them, or, where a minifier has renamed them, by being the same
 * as one: their definitions are compared without the names of variables.
 */
import type { AnyNode } from "acorn";
import { type Binding, DEFAULT, definitionOf, type Program } from "./program.ts";
import { childrenOf } from "./walk.ts";

const ESBUILD = `name publicField privateIn privateGet privateAdd privateSet privateWrapper privateMethod earlyAccess
spreadValues spreadProps objRest restKey template async await yieldStar asyncGenerator forAwait using callDispose pow
decorateClass decorateElement decoratorStart decoratorMetadata decoratorStrings decoratorContext runInitializers expectFn
knownSymbol typeError accessCheck defNormalProp defProp defProps getOwnPropDescs getOwnPropDesc getOwnPropSymbols
getOwnPropNames getProtoOf hasOwnProp propIsEnum create reflectGet reflectSet freeze toESM toCommonJS toBinary copyProps
reExport export esm commonJS commonJSMin require esmMin exportAll`;

const TYPESCRIPT = `extends assign rest decorate param esDecorate runInitializers propKey setFunctionName metadata
awaiter generator exportStar createBinding values read spread spreadArrays spreadArray await asyncGenerator
asyncDelegator asyncValues makeTemplateObject importStar importDefault classPrivateFieldGet classPrivateFieldSet
classPrivateFieldIn addDisposableResource disposeResources rewriteRelativeImportExtension`;

const SWC = `array_like_to_array array_with_holes array_without_holes async_generator async_iterator async_to_generator
await_async_generator call_super check_private_redeclaration class_apply_descriptor_get class_apply_descriptor_set
class_call_check class_extract_field_descriptor class_private_field_get class_private_field_init
class_private_field_set class_private_method_get class_private_method_init create_class define_property extends
get_prototype_of inherits instanceof interop_require_default interop_require_wildcard is_native_reflect_construct
iterable_to_array non_iterable_rest non_iterable_spread object_spread object_spread_props object_without_properties
object_without_properties_loose own_keys possible_constructor_return set_prototype_of sliced_to_array
tagged_template_literal to_array to_consumable_array to_primitive to_property_key ts_add_disposable_resource
ts_decorate ts_dispose_resources ts_generator ts_metadata ts_param ts_rewrite_relative_import_extension ts_values
unsupported_iterable_to_array using using_ctx wrap_async_generator`;

const NAMES: ReadonlySet<string> = new Set([
  ...`${ESBUILD} ${TYPESCRIPT}`.split(/\s+/).map((name) => `__${name}`),
  ...SWC.split(/\s+/).map((name) => `_${name}`),
]);

/** Deeper definitions than these no helper has. */
const DEPTH_MAX = 8;

/** Whether a name of the top level is one of a compiler. `shapes` are those of helpers that a minifier may rename. */
export function isHelper(program: Program, name: string, shapes: ReadonlySet<string>): boolean {
  const binding = program.bindings.get(name);
  if (binding === undefined || binding.kind === "class" || binding.kind === "import") return false;
  // A second declaration of the same name in the bundle gets a number.
  if (NAMES.has(name) || NAMES.has(name.replace(/\d+$/, ""))) return true;
  const shape = shapes.size === 0 ? undefined : shapeOf(program, binding);
  return shape !== undefined && shapes.has(shape);
}

/** The helpers in a text that has nothing else at its top but a default export. */
export function shapesIn(program: Program): string[] {
  return [...program.bindings.values()].flatMap((binding) =>
    binding.name !== DEFAULT && /Function/.test(definitionOf(binding)?.type ?? "")
      ? [shapeOf(program, binding)]
      : [],
  );
}

function shapeOf(program: Program, binding: Binding): string {
  return printed(definitionOf(binding), { program, names: new Map(), depth: 0 });
}

// ---- shapes ---------------------------------------------------------------------------------------------------

interface Printing {
  readonly program: Program;
  /** Numbers for the variables inside, in the order of their first use. */
  readonly names: Map<unknown, number>;
  readonly depth: number;
}

function printed(node: AnyNode | null, printing: Printing): string {
  if (node === null) return "null";
  switch (node.type) {
    case "Identifier":
      return printedName(node, printing);
    case "Literal":
      return JSON.stringify(typeof node.value === "bigint" ? `${node.value}n` : node.value);
    case "UnaryExpression":
      // Minifiers write `!0` for true and `void 0` for undefined.
      if (node.operator === "!" && node.argument.type === "Literal") return String(!node.argument.value);
      return `${node.operator}(${printed(node.argument, printing)})`;
    case "Property":
      return `${node.computed ? "computed" : "field"}(${node.computed || node.key.type !== "Identifier" ? printed(node.key, printing) : node.key.name}:${printed(node.value, printing)})`;
    case "MemberExpression": {
      const { property } = node;
      const field =
        !node.computed && property.type === "Identifier"
          ? property.name
          : `[${printed(property as AnyNode, printing)}]`;
      return `${printed(node.object, printing)}${node.optional ? "?" : ""}.${field}`;
    }
    case "BlockStatement": {
      const [only] = node.body;
      // `=> { return x }` and `=> x` are the same.
      if (node.body.length === 1 && only?.type === "ReturnStatement")
        return printed(only.argument ?? null, printing);
      return `{${node.body.map((part) => printed(part, printing)).join(";")}}`;
    }
    default: {
      const { operator } = node as { operator?: string };
      return `${node.type}${operator ?? ""}(${childrenOf(node)
        .map((part) => printed(part, printing))
        .join(",")})`;
    }
  }
}

function printedName(node: AnyNode & { readonly name: string }, printing: Printing): string {
  const { program, names, depth } = printing;
  const variable = program.scopes.variableOf(node);
  if (variable === null) return node.name;
  const binding = program.bindings.get(node.name);
  if (variable !== undefined && binding?.variable === variable && depth < DEPTH_MAX) {
    return `<${printed(definitionOf(binding), { program, names: new Map(), depth: depth + 1 })}>`;
  }
  // Parameters and declarations are no uses: they have the number of their name.
  const key = node.name;
  if (!names.has(key)) names.set(key, names.size);
  return `$${names.get(key)}`;
}
