/**
 * What the compiler and Biome cannot check: layers between packages, rooms inside them, the determinism bans, and the
 * promise rules that need types. Every message names the way out. `packages/base/test/lint.test.ts` proves that each
 * ban fires.
 */
import nx from "@nx/eslint-plugin";
import tseslint from "typescript-eslint";

// ---------------------------------------------------------------------------------------------------------------
// Layers: arrows between packages point down only.

/** Each layer with everything it may depend on, besides itself. */
const LAYERS = {
  base: [],
  "fs-native": ["base"],
  "fs-core": ["base", "fs-native"],
  kv: ["base", "fs-native", "fs-core"],
  smallpond: ["base", "fs-native", "fs-core"],
  cli: ["base", "fs-native", "fs-core", "kv", "smallpond"],
  apps: ["base", "fs-native", "fs-core", "kv", "smallpond", "cli"],
  // The simulated world may look at everything; no other layer names it, so nothing that ships sees it.
  sim: ["base", "fs-native", "fs-core", "kv", "smallpond", "cli"],
};

const moduleBoundaries = [
  "error",
  {
    // A package's tests import it by name, through the same doors as everybody else.
    allowCircularSelfDependency: true,
    depConstraints: Object.entries(LAYERS).map(([layer, below]) => ({
      sourceTag: `layer:${layer}`,
      onlyDependOnLibsWithTags: [layer, ...below].map((name) => `layer:${name}`),
    })),
  },
];

// ---------------------------------------------------------------------------------------------------------------
// Determinism: code outside platform/ gets time, chance, disk and network passed in, so that it can be simulated.

const CLOCK_TIMER = "Use Clock.sleep, Clock.timer or Clock.deadline of @smallpond/base.";
const CLOCK_NOW = "Use Clock.monotonicMs for durations or Clock.wallMs for dates, of @smallpond/base.";
const RANDOM = "Use Random.next, Random.int, Random.bytes or Random.uuid of @smallpond/base.";
const DISK = "Use Disk of @smallpond/base; only platform/ folders touch the real disk.";
const NET = "Use Net of @smallpond/base; only platform/ folders open real sockets.";
const PROCESS = "Starting processes belongs in a platform/ folder, behind an interface that tests can fake.";
const CRYPTO = "Use Random of @smallpond/base; hashing belongs in a platform/ folder, behind an interface.";

/** Node modules that reach the machine, and what to use instead. */
const MACHINE_MODULES = {
  fs: DISK,
  "fs/promises": DISK,
  net: NET,
  tls: NET,
  http: NET,
  https: NET,
  http2: NET,
  dgram: NET,
  timers: CLOCK_TIMER,
  "timers/promises": CLOCK_TIMER,
  perf_hooks: CLOCK_NOW,
  child_process: PROCESS,
  worker_threads: PROCESS,
  cluster: PROCESS,
  crypto: CRYPTO,
};

const machineImports = Object.entries(MACHINE_MODULES).flatMap(([name, message]) =>
  [`node:${name}`, name].map((spelling) => ({ name: spelling, message })),
);

const machineGlobals = [
  { name: "performance", message: CLOCK_NOW },
  { name: "setTimeout", message: CLOCK_TIMER },
  { name: "setInterval", message: CLOCK_TIMER },
  { name: "setImmediate", message: CLOCK_TIMER },
  { name: "fetch", message: NET },
];

const machineProperties = [
  { object: "Date", property: "now", message: CLOCK_NOW },
  { object: "Math", property: "random", message: RANDOM },
  { object: "AbortSignal", property: "timeout", message: CLOCK_TIMER },
  { object: "process", property: "hrtime", message: CLOCK_NOW },
  // On any object, because the global `crypto` and its module spell them alike.
  { property: "randomUUID", message: RANDOM },
  { property: "randomBytes", message: RANDOM },
  { property: "getRandomValues", message: RANDOM },
  ...machineGlobals.map(({ name, message }) => ({ object: "globalThis", property: name, message })),
];

const machineSyntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCK_NOW },
  { selector: "CallExpression[callee.name='Date']", message: CLOCK_NOW },
  ...machineImports.map(({ name, message }) => ({
    selector: `ImportExpression[source.value='${name}']`,
    message,
  })),
];

// ---------------------------------------------------------------------------------------------------------------
// Rooms: inside a package, an idea has one owner.

const NAMED_EXPORTS =
  "Export by name: a default export is called something else in every file that imports it.";

const namedExports = [
  { selector: "ExportDefaultDeclaration", message: NAMED_EXPORTS },
  { selector: "ExportNamedDeclaration > ExportSpecifier[exported.name='default']", message: NAMED_EXPORTS },
];

const ENGINE = "src/duckdb owns the engine: use what it exports.";
const ARROW = "src/arrow owns Arrow values: use what it exports. Types may be imported anywhere.";

/** What each room of packages/smallpond/src is for, for the messages. */
const PURPOSES = {
  dataframe: "what users type",
  logical: "plan nodes",
  optimizer: "rewrites of the plan",
  planner: "turning nodes into tasks",
  execution: "running tasks",
};

/** The rooms a room must not look into. */
const CLOSED_ROOMS = {
  logical: ["optimizer", "planner", "execution", "dataframe"],
  optimizer: ["planner", "execution", "dataframe"],
  planner: ["dataframe"],
  execution: ["dataframe", "logical", "optimizer", "planner"],
  functions: Object.keys(PURPOSES),
  dataset: Object.keys(PURPOSES).filter((room) => room !== "logical"),
  duckdb: Object.keys(PURPOSES),
  arrow: Object.keys(PURPOSES),
};

/**
 * Rooms of which only the types may be named: the planner makes tasks, whose shapes `execution` owns; sources and sinks
 * take the options of the nodes that name them.
 */
const TYPES_ONLY_ROOMS = { planner: ["execution"], dataset: ["logical"] };

function roomImports(room) {
  const into = (closed, options) => ({
    regex: `^(\\.\\./)+${closed}(/|$)`,
    message: `src/${closed} owns ${PURPOSES[closed]}; src/${room} is below it and must not depend on it${options.but}.`,
    allowTypeImports: options.types,
  });
  const engine = room === "duckdb" || room === "arrow";
  return [
    ...(CLOSED_ROOMS[room] ?? []).map((closed) => into(closed, { but: "", types: false })),
    ...(TYPES_ONLY_ROOMS[room] ?? []).map((closed) =>
      into(closed, { but: ", except for types", types: true }),
    ),
    ...(engine ? [] : [{ regex: "^@duckdb/node-(api|bindings)(/|$)", message: ENGINE }]),
    ...(room === "arrow" ? [] : [{ regex: "^apache-arrow(/|$)", message: ARROW, allowTypeImports: true }]),
  ];
}

function smallpondRoom(room) {
  return {
    name: `pond/room/${room}`,
    files: [`packages/smallpond/src/${room}/**/*.ts`],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: roomImports(room) }] },
  };
}

/** Rooms of packages/fs-core/src, each with the rooms it may look into; all of them may use `wire`, `ids` and `service`. */
const FS_ROOMS = {
  wire: [],
  service: [],
  metastore: [],
  mgmtd: ["metastore"],
  meta: ["metastore", "mgmtd"],
  storage: ["mgmtd"],
  client: ["mgmtd", "meta", "storage", "cluster"],
};

function fsRoom(room) {
  const closed = [...Object.keys(FS_ROOMS), "cluster", "platform"].filter(
    (other) => other !== room && other !== "wire" && other !== "service" && !FS_ROOMS[room].includes(other),
  );
  const patterns = closed.map((other) => ({
    regex: `^(\\.\\./)+${other}(/|$)`,
    message: `src/${room} must not depend on src/${other}: pass in what it needs behind an interface of src/${room}.`,
  }));
  return {
    name: `fs-core/room/${room}`,
    files: [`packages/fs-core/src/${room}/**/*.ts`],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] },
  };
}

// ---------------------------------------------------------------------------------------------------------------
// Buffer.prototype.slice is a view where Uint8Array.prototype.slice is a copy; only types tell which one is called.

const noBufferSlice = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      slice: "Buffer.slice is a view: write subarray for a view, or Uint8Array.prototype.slice to copy.",
    },
  },
  create(context) {
    const services = context.sourceCode.parserServices;
    if (!services?.program) return {};
    return {
      "CallExpression > MemberExpression.callee[property.name='slice']"(node) {
        const type = services.getTypeAtLocation(node.object);
        if (type.getSymbol()?.getName() === "Buffer")
          context.report({ node: node.property, messageId: "slice" });
      },
    };
  },
};

// ---------------------------------------------------------------------------------------------------------------
// A service keeps nothing in its module: a process that the simulator restarts must have forgotten everything, and two
// services in one test must not share anything.

const MODULE_STATE =
  "This outlives a simulated crash and is shared by all services of a test: make it a field of the object that owns " +
  "it, handed over by a constructor.";
const CONSTANT_TABLE =
  " If it is a constant table, say so in its type: ReadonlyMap, ReadonlySet, `readonly T[]`, Readonly<…> or `as const`.";

/** Made by `new` at the top of a module without holding state of ours. */
const STATELESS_CLASSES = new Set(["TextEncoder", "TextDecoder", "RegExp", "URL", "Error"]);
const READONLY_TYPES = /^(ReadonlyMap|ReadonlySet|ReadonlyArray|Readonly)$/;

/** Methods that change an array, a map, a set or a typed array. */
const MUTATORS = new Set(
  "push pop shift unshift splice sort reverse fill copyWithin set add delete clear".split(" "),
);

function unwrapped(node) {
  const wrappers = ["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"];
  return node && wrappers.includes(node.type) ? unwrapped(node.expression) : node;
}

function isReadonlyType(annotation) {
  const type = annotation?.typeAnnotation;
  if (type?.type === "TSTypeOperator") return type.operator === "readonly";
  return type?.type === "TSTypeReference" && READONLY_TYPES.test(type.typeName.name ?? "");
}

/** Whether a name is assigned to, below it or through a method that changes what it holds. */
function isMutated(variable) {
  return variable.references.some(({ identifier }) => {
    let node = identifier;
    while (node.parent.type === "MemberExpression" && node.parent.object === node) {
      const { parent } = node;
      if (parent.parent.type === "CallExpression" && parent.parent.callee === parent) {
        return MUTATORS.has(parent.property.name);
      }
      node = parent;
    }
    const { parent } = node;
    if (node === identifier) return false;
    if (parent.type === "AssignmentExpression") return parent.left === node;
    return (
      parent.type === "UpdateExpression" ||
      (parent.type === "UnaryExpression" && parent.operator === "delete")
    );
  });
}

const noModuleState = {
  meta: {
    type: "problem",
    schema: [],
    messages: { state: MODULE_STATE, table: MODULE_STATE + CONSTANT_TABLE },
  },
  create(context) {
    function checkDeclarator(declarator) {
      const init = unwrapped(declarator.init);
      const name = declarator.id;
      if (init === null || init === undefined || isReadonlyType(name.typeAnnotation)) return;
      const made = init.type === "NewExpression" && !STATELESS_CLASSES.has(init.callee.name);
      const [variable] = context.sourceCode.getDeclaredVariables(declarator);
      const literal = init.type === "ArrayExpression" || init.type === "ObjectExpression";
      const empty = literal && (init.elements ?? init.properties).length === 0;
      if (made || empty || (variable !== undefined && isMutated(variable))) {
        context.report({ node: declarator, messageId: "table" });
      }
    }
    function checkDeclaration(declaration) {
      if (declaration?.type !== "VariableDeclaration" || declaration.declare) return;
      if (declaration.kind !== "const") context.report({ node: declaration, messageId: "state" });
      else declaration.declarations.forEach(checkDeclarator);
    }
    return {
      Program(program) {
        for (const statement of program.body) checkDeclaration(statement.declaration ?? statement);
      },
      "PropertyDefinition[static=true]"(node) {
        if (!node.readonly) context.report({ node, messageId: "state" });
      },
    };
  },
};

export default tseslint.config(
  {
    ignores: ["**/dist/**", "**/out-tsc/**", "**/node_modules/**", "**/coverage/**", ".nx/**", "**/*.d.ts"],
  },
  {
    name: "pond/everywhere",
    files: ["**/*.ts", "**/*.mjs", "**/*.js"],
    languageOptions: { parser: tseslint.parser },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { "@typescript-eslint": tseslint.plugin, "@nx": nx },
    rules: {
      "@nx/enforce-module-boundaries": moduleBoundaries,
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "no-restricted-syntax": ["error", ...namedExports],
    },
  },
  {
    name: "pond/typed",
    files: ["packages/*/{src,test}/**/*.ts", "apps/*/{src,test}/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { pond: { rules: { "no-buffer-slice": noBufferSlice } } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      // A `default` is a decision too; what must not happen is a new case that nobody looked at.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "pond/no-buffer-slice": "error",
    },
  },
  {
    name: "pond/deterministic",
    files: ["packages/*/src/**/*.ts"],
    // The command line is an edge: it is where the real machine is put together.
    ignores: ["**/platform/**", "packages/cli/src/**"],
    rules: {
      "no-restricted-imports": ["error", { paths: machineImports }],
      "no-restricted-globals": ["error", ...machineGlobals],
      "no-restricted-properties": ["error", ...machineProperties],
      "no-restricted-syntax": ["error", ...namedExports, ...machineSyntax],
    },
  },
  {
    name: "pond/no-module-state",
    files: [
      "packages/{fs-core,kv}/src/**/*.ts",
      "packages/base/src/**/*.ts",
      "packages/sim/src/{scenarios,world,net,disk,time,nemeses,checkers,scenario}/**/*.ts",
    ],
    ignores: ["**/platform/**", "**/testing/**"],
    plugins: { services: { rules: { "no-module-state": noModuleState } } },
    rules: { "services/no-module-state": "error" },
  },
  {
    name: "pond/room/elsewhere",
    files: ["packages/smallpond/src/**/*.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns: roomImports("elsewhere") }] },
  },
  ...["logical", "optimizer", "planner", "execution", "functions", "dataset", "duckdb", "arrow"].map(
    smallpondRoom,
  ),
  ...Object.keys(FS_ROOMS).map(fsRoom),
  {
    name: "pond/tool-configuration",
    files: ["**/*.config.{ts,mjs,js}"],
    rules: { "no-restricted-syntax": "off" },
  },
);
