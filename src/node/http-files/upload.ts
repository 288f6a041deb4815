/** Takes what is uploaded, keeps nothing of it, and says what it was. */
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers with length and SHA-256 of the body, as JSON. */
export function takeUpload(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash("sha256");
  let bytes = 0;
  request.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
    hash.update(chunk);
  });
  request.on("error", () => response.destroy()); // it ended before its end
  request.on("end", () => {
    const body = `${JSON.stringify({ bytes, sha256: hash.digest("hex") })}\n`;
    response.writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(body);
  });
}
