// A storage and verification SCP made of dcmjs-dimse.
//
//     NODE_PATH=... node dcmjs_scp.js PORT FOLDER
//
// Every context is accepted, with the first of its transfer syntaxes that the library knows. A data
// set is written as the library writes it: parsed and encoded anew.
"use strict";

const fs = require("fs");
const path = require("path");
const dimse = require("dcmjs-dimse");

const { CEchoResponse, CStoreResponse } = dimse.responses;
const { PresentationContextResult, Status, TransferSyntax } = dimse.constants;

const port = Number(process.argv[2]);
const folder = process.argv[3];
const known = new Set(Object.values(TransferSyntax));

class Archive extends dimse.Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      const syntax = context.getTransferSyntaxUids().find((each) => known.has(each));
      if (syntax) context.setResult(PresentationContextResult.Accept, syntax);
      else context.setResult(PresentationContextResult.RejectTransferSyntaxesNotSupported);
    }
    this.sendAssociationAccept();
  }

  cEchoRequest(request, done) {
    const response = CEchoResponse.fromRequest(request);
    response.setStatus(Status.Success);
    done(response);
  }

  cStoreRequest(request, done) {
    const response = CStoreResponse.fromRequest(request);
    try {
      const name = `${request.getAffectedSopInstanceUid()}.dcm`;
      request.getDataset().toFile(path.join(folder, name));
      response.setStatus(Status.Success);
    } catch (error) {
      console.log("cannot write", error.message);
      response.setStatus(Status.ProcessingFailure);
    }
    done(response);
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

fs.mkdirSync(folder, { recursive: true });
dimse.log.setLevel("error");
const server = new dimse.Server(Archive);
server.on("networkError", (error) => console.log("network error", error.message));
server.listen(port, { host: "127.0.0.1" });
