/** What the compiler knows about frames. Checked by `tsc`; running it only shows that it was compiled. */
import { expectTypeOf, test } from "vitest";
import type { DataFrame, JsValue, RepartitionOptions, Row, Session } from "../../src/index.ts";

type Flight = { origin: string; delay: bigint };
declare const sp: Session;
declare const flights: DataFrame<Flight>;

test("rows have the columns that the frame was said to have", () => {
  expectTypeOf<DataFrame<Flight>["takeAll"]>().returns.resolves.toEqualTypeOf<Flight[]>();
  expectTypeOf<DataFrame>().toEqualTypeOf<DataFrame<Row>>();
  expectTypeOf<Row>().toEqualTypeOf<Record<string, JsValue>>();
});

test("functions are checked against the row, and decide what comes after", () => {
  const types = () => {
    expectTypeOf(flights.map((flight) => ({ late: flight.delay > 15n }))).toEqualTypeOf<
      DataFrame<{ late: boolean }>
    >();
    expectTypeOf(flights.filter((flight) => flight.delay > 15n)).toEqualTypeOf<DataFrame<Flight>>();
    // @ts-expect-error there is no such column
    flights.map((flight) => ({ x: flight.nope }));
    expectTypeOf(sp.readParquet<Flight>("f.parquet")).toEqualTypeOf<DataFrame<Flight>>();
    expectTypeOf(sp.fromItems([1, 2])).toEqualTypeOf<DataFrame<{ item: JsValue }>>();
  };
  expectTypeOf(types).toBeFunction();
});

test("functions know their args and their state", () => {
  const types = () => {
    const timed = flights.map((flight, { limit }) => ({ late: flight.delay > limit }), {
      args: { limit: 15n },
    });
    expectTypeOf(timed).toEqualTypeOf<DataFrame<{ late: boolean }>>();
    const spelled = flights.map(
      {
        setup: ({ unit }) => ({ suffix: ` ${unit}` }),
        call: (flight, { suffix }) => ({ delay: flight.delay + suffix }),
      },
      { args: { unit: "minutes" } },
    );
    expectTypeOf(spelled).toEqualTypeOf<DataFrame<{ delay: string }>>();
    const kept = flights.filter({ setup: async () => 15n, call: (flight, limit) => flight.delay > limit });
    expectTypeOf(kept).toEqualTypeOf<DataFrame<Flight>>();
    // @ts-expect-error there is no such option
    flights.map((flight) => flight, { retry: 3 });
    // @ts-expect-error a batch has no columns to keep an error in
    flights.mapBatches((batch) => batch, { onError: { column: "error" } });
  };
  expectTypeOf(types).toBeFunction();
});

test("tagged queries take frames and values, options only what they know", () => {
  const types = () => {
    expectTypeOf(sp.sql<Flight>`SELECT * FROM ${flights} WHERE delay > ${15n}`).toEqualTypeOf<
      DataFrame<Flight>
    >();
    // @ts-expect-error a function is no value
    sp.sql`SELECT ${() => 1}`;
    // @ts-expect-error there is no such way
    flights.repartition(3, { hashedBy: "origin" });
  };
  expectTypeOf(types).toBeFunction();
  expectTypeOf<RepartitionOptions["byRows"]>().toEqualTypeOf<boolean | undefined>();
});
