// A verification and storage SCU made of dcmjs-dimse.
//
//     NODE_PATH=... node dcmjs_scu.js echo|store HOST PORT CALLING CALLED [FILE ...]
//
// Exit code: 0 every response was Success, 1 one was not, 2 the network failed, 3 rejected.
"use strict";

const dimse = require("dcmjs-dimse");

const [what, host, port, calling, called, ...files] = process.argv.slice(2);
const { CEchoRequest, CStoreRequest } = dimse.requests;
const requests = what === "echo" ? [new CEchoRequest()] : files.map((each) => new CStoreRequest(each));

dimse.log.setLevel("error");
const client = new dimse.Client();
let successes = 0;
for (const request of requests) {
  request.on("response", (response) => {
    console.log(what, "status", response.getStatus().toString(16));
    if (response.getStatus() === 0) successes += 1;
  });
  client.addRequest(request);
}
client.on("networkError", (error) => {
  console.log("network error", error.message);
  process.exit(2);
});
client.on("associationRejected", () => {
  console.log("rejected");
  process.exit(3);
});
client.on("closed", () => process.exit(successes === requests.length ? 0 : 1));
client.send(host, Number(port), calling, called);
