// The three endpoints as one would plainly write them for Lambda's Node runtime, in its loop:
// what they need is loaded and connected once, before the first event is asked for.
import http from "node:http";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });
const call = (method, path, body) => new Promise((resolve, reject) => {
  const request = http.request({ host, port, path: `/2018-06-01/runtime/${path}`, method, agent }, (response) => {
    const parts = [];
    response.on("data", (part) => parts.push(part));
    response.on("end", () => resolve({ headers: response.headers, body: Buffer.concat(parts) }));
  });
  request.on("error", reject);
  request.end(body);
});

const { handler } = await import(`./${process.argv[2]}.mjs`);
for (;;) {
  const event = await call("GET", "invocation/next");
  const id = event.headers["lambda-runtime-aws-request-id"];
  const began = performance.now();
  const answer = await handler(JSON.parse(event.body));
  console.log(JSON.stringify({ level: "INFO", message: "invocation ended", requestId: id, status: answer.statusCode, durationMs: performance.now() - began }));
  await call("POST", `invocation/${id}/response`, JSON.stringify(answer));
}
