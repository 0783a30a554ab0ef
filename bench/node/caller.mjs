// A connection, the public keys, and who is calling.
import { createPublicKey } from "node:crypto";
import jwt from "jsonwebtoken";
import pg from "pg";

const setting = process.env;
export const db = new pg.Client({
  host: setting.DATABASE_HOST,
  port: Number(setting.DATABASE_PORT),
  database: setting.DATABASE_NAME,
  user: setting.DATABASE_USER,
  password: setting.DATABASE_PASSWORD,
});
await db.connect();
const keys = new Map();
for (const { kid, x, y } of (await db.query("select kid, x, y from auth.signing_keys where retired_at is null")).rows) {
  keys.set(kid, createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" }));
}

const claims = (event) => {
  const token = event.headers.authorization.slice("Bearer ".length);
  const { header } = jwt.decode(token, { complete: true });
  return jwt.verify(token, keys.get(header.kid), { algorithms: ["ES256"], issuer: setting.TOKEN_ISSUER, audience: "kitemate-api" });
};

// Runs queries inside the caller's workspace.
export const inside = async (event, queries) => {
  const { sid, sub, wid } = claims(event);
  await db.query("begin read only");
  try {
    await db.query("select role from tenant.enter($1, $2, $3, $4)", [sid, sub, wid, ["owner", "admin", "analyst", "viewer"]]);
    const answers = [];
    for (const [sql, parameters] of queries) answers.push((await db.query(sql, parameters)).rows);
    return { wid, answers };
  } finally {
    await db.query("commit");
  }
};

export const ok = (body) => ({ statusCode: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
