"use strict";
// Ask a do-not-contact server about some addresses, and print one line for each, in order.
//
//   node check.js --channel VOICE [--policy NAME] [--region US] ADDRESS...
//
// From the environment: DNC_SERVER (127.0.0.1:7420), DNC_TOKEN, DNC_CA (a PEM file: use TLS and trust this authority).
// Leaves with 0 where every address may be contacted, 1 where one may not, 2 for wrong usage, 4 where no answer came.

const fs = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");

const PROTOS = path.join(__dirname, "..", "..", "proto");
const TIMEOUT_MS = 5_000;
const ROWS_MAX = 1_000;

// A check changes nothing, so it may be sent again wherever the server did not answer it.
const RETRIES = {
  methodConfig: [
    {
      name: [{ service: "donotcontact.v1.CheckService" }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: "0.1s",
        maxBackoff: "1s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
      },
    },
  ],
};

class IncompleteAnswer extends Error {}

/** Open a client of CheckService. A token goes over plaintext to this machine only. */
function connect({ server, token, ca }) {
  const definition = protoLoader.loadSync("donotcontact/v1/check_service.proto", {
    includeDirs: [PROTOS],
    enums: String, // a verdict that these protos do not know stays a number, which equals no name
    longs: String,
    defaults: true,
  });
  const { CheckService } = grpc.loadPackageDefinition(definition).donotcontact.v1;
  if (token && !ca && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+$/.test(server)) {
    throw new Error("a token needs TLS beyond this machine: set DNC_CA");
  }
  const credentials = ca ? grpc.credentials.createSsl(fs.readFileSync(ca)) : grpc.credentials.createInsecure();
  return new CheckService(server, credentials, { "grpc.service_config": JSON.stringify(RETRIES) });
}

/** Ask about 1 to 1,000 addresses. Resolves to one result for each, in order, or rejects: then contact nobody. */
function check(client, { addresses, channel, policy = "", region = "", token = "" }) {
  const metadata = new grpc.Metadata();
  if (token) metadata.set("authorization", `Bearer ${token}`);
  const rows = addresses.map((address, index) => ({ address, region, reference: String(index) }));
  const request = { policy, channel: `CHANNEL_${channel.toUpperCase()}`, rows };
  return new Promise((resolve, reject) => {
    client.check(request, metadata, { deadline: Date.now() + TIMEOUT_MS }, (error, response) => {
      if (error) return reject(error);
      if (!answersAll(response.results, rows)) return reject(new IncompleteAnswer("the answer does not fit the rows"));
      return resolve(response.results);
    });
  });
}

function answersAll(results, rows) {
  return results.length === rows.length && results.every((result, index) => result.reference === rows[index].reference);
}

/** The one way to permission. Every other verdict, known or not, means: do not contact. */
function allowed(result) {
  return result.verdict === "VERDICT_ALLOW";
}

/** Say why, in the words of the contract. */
function reason(result) {
  const [strongest] = result.findings;
  if (!strongest) return "";
  const about = { RULE_ADDRESS: strongest.fault, RULE_ENTRY: strongest.label }[strongest.rule];
  return about ? `${strongest.rule} ${about}` : strongest.rule;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { channel: { type: "string" }, policy: { type: "string" }, region: { type: "string" } },
    allowPositionals: true,
  });
  if (!values.channel || positionals.length < 1 || positionals.length > ROWS_MAX) {
    console.error("usage: node check.js --channel VOICE [--policy NAME] [--region US] ADDRESS...");
    return 2;
  }
  const token = process.env.DNC_TOKEN ?? "";
  const client = connect({ server: process.env.DNC_SERVER ?? "127.0.0.1:7420", token, ca: process.env.DNC_CA });
  try {
    const results = await check(client, { addresses: positionals, ...values, token });
    results.forEach((result, index) => {
      const decision = allowed(result) ? "contact" : "do not contact";
      console.log([positionals[index], decision, result.verdict, reason(result)].join("\t").trimEnd());
    });
    return results.every(allowed) ? 0 : 1;
  } catch (error) {
    console.error(`no answer, so contact nobody: ${error.message}`);
    return 4;
  } finally {
    client.close();
  }
}

module.exports = { allowed, check, connect };
if (require.main === module) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      console.error(error.message);
      process.exitCode = 2;
    },
  );
}
