// The figures are binary floats here, as plain JavaScript has them: less exact than ours, and faster.
import { readFileSync } from "node:fs";
import { inside, ok } from "./caller.mjs";

const book = readFileSync(new URL("./book.sql", import.meta.url), "utf8")
  .replaceAll("$1", "$1::date").replaceAll("$2", "$2::uuid").replaceAll("$3", "$3::text").replaceAll("$4", "$4::uuid");
const two = (number) => number.toFixed(2);

export const handler = async (event) => {
  const { answers: [rows] } = await inside(event, [[book, [new Date().toISOString().slice(0, 10), null, null, null, 51]]]);
  const items = rows.map((row) => {
    const owned = Number(row.available) + Number(row.t1) + Number(row.pledged);
    const [cost, close, previous] = [Number(row.cost), Number(row.close), Number(row.previous)];
    const value = owned * close;
    return {
      accountId: row.account_id, isin: row.isin, symbol: row.symbol, name: row.name, class: row.class, sector: row.sector,
      quantity: String(owned), t1Quantity: row.t1, pledgedQuantity: row.pledged, discrepantQuantity: row.discrepant,
      invested: two(cost), averagePrice: (cost / owned).toFixed(4), value: two(value), reason: null,
      unrealisedGain: two(value - cost), unrealisedPercent: two((100 * (value - cost)) / cost), dayChange: two(owned * (close - previous)),
      price: { close: row.close, previousClose: row.previous, asOf: row.on_date, source: row.price_source },
      asOf: row.statement_on, source: row.layout,
    };
  });
  return ok({ items, nextCursor: null });
};
