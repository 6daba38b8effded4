"use strict";
// Ask about one number under a policy, claim attempts on another until it is deferred, and print what came, as JSON.
//
//   node attempt.js SERVER CLOSED_POLICY CLOSED_NUMBER LIMITED_POLICY LIMITED_NUMBER

const path = require("node:path");
const { promisify } = require("node:util");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const PROTOS = path.join(__dirname, "..", "..", "proto");

function load(name) {
  const definition = protoLoader.loadSync(`donotcontact/v1/${name}_service.proto`, {
    includeDirs: [PROTOS],
    enums: String,
    longs: String,
    keepCase: true,
    defaults: true,
  });
  return grpc.loadPackageDefinition(definition).donotcontact.v1;
}

function caller(client, method) {
  const call = promisify(client[method].bind(client));
  return (request) => call(request, new grpc.Metadata(), { deadline: Date.now() + 10_000 });
}

async function main([server, closedPolicy, closedNumber, limitedPolicy, limitedNumber]) {
  const credentials = grpc.credentials.createInsecure();
  const checks = new (load("check").CheckService)(server, credentials);
  const attempts = new (load("attempt").AttemptService)(server, credentials);
  const channel = "CHANNEL_VOICE";
  const check = caller(checks, "check");
  const reserve = caller(attempts, "reserveAttempts");
  const complete = caller(attempts, "completeAttempts");
  const closed = await check({ policy: closedPolicy, channel, rows: [{ address: closedNumber }] });
  const rows = [{ address: limitedNumber, reference: "a" }];
  const request = { policy: limitedPolicy, channel, rows };
  const first = await reserve(request);
  const second = await reserve(request);
  const { reservation } = first.attempts[0];
  const completed = await complete({ completions: [{ reservation, outcome: "ATTEMPT_OUTCOME_NO_ANSWER" }] });
  const again = await complete({ completions: [{ reservation, outcome: "ATTEMPT_OUTCOME_RELEASED" }] });
  console.log(JSON.stringify({ closed, first, second, completed, again }));
  checks.close();
  attempts.close();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
