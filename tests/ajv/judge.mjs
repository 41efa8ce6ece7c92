// Reads {"requests": [message, ...], "answers": [message, ...]} from stdin and writes, in the same form,
// whether each message is valid against schemas/any-request.json or schemas/any-answer.json.
import { readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Ajv2020 } from "ajv/dist/2020.js";

const folder = new URL("../../schemas/", import.meta.url);

// strictRequired wants each required field defined beside the keyword, which no `then` of a condition can do
const ajv = new Ajv2020({ strict: true, strictRequired: false });
for (const path of readdirSync(folder, { recursive: true })) {
  if (!path.endsWith(".json")) continue;
  const content = JSON.parse(readFileSync(new URL(path, folder), "utf8"));
  if ("$schema" in content) ajv.addSchema(content);
}

const validators = {
  requests: ajv.getSchema("https://tchat.example/1/any-request.json"),
  answers: ajv.getSchema("https://tchat.example/1/any-answer.json"),
};
const corpus = JSON.parse(await text(process.stdin));
const verdicts = Object.entries(corpus).map(([kind, messages]) => [kind, messages.map((each) => validators[kind](each))]);
process.stdout.write(JSON.stringify(Object.fromEntries(verdicts)));
