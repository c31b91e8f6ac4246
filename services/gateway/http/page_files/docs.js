// Draws /openapi.json. Everything that is shown goes in as text, so nothing that the document says can become markup.
"use strict";

const PREFIX = "#/components/schemas/";
let spec;

/** An element: make("a", {href: "#x"}, "text", another). Properties that start with "on" are listeners. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Prose with `code` and **strong** words, in paragraphs. */
function prose(text) {
  return (text ?? "").split(/\n\s*\n/).filter(Boolean).map((paragraph) => {
    const parts = paragraph.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
      if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
      if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
      return part;
    });
    return make("p", {}, ...parts);
  });
}

const referred = (schema) => spec.components.schemas[schema.$ref.slice(PREFIX.length)];
// `true` is a schema too: anything.
const solid = (schema) => (schema?.$ref ? { ...referred(schema), ...schema } : Object(schema));
const parameterOf = (entry) => (entry.$ref ? spec.components.parameters[entry.$ref.split("/").at(-1)] : entry);

/** What a schema takes, in a few words. */
function words(schema) {
  const whole = solid(schema);
  if (whole.anyOf ?? whole.oneOf) {
    const kinds = (whole.anyOf ?? whole.oneOf).filter((choice) => choice.type !== "null").map(words);
    return [...new Set(kinds)].join(" or ");
  }
  if (whole.enum) return whole.enum.join(", ");
  if ("const" in whole) return JSON.stringify(whole.const);
  if (whole.type === "array") return `list of ${words(whole.items ?? whole.prefixItems?.[0] ?? {})}`;
  if (whole.pattern?.startsWith("^[0-9a-f]{8}-") || whole.format === "uuid") return "id";
  if (whole.type === "object" && whole.additionalProperties && !whole.properties) {
    return `object of ${words(whole.additionalProperties)}`;
  }
  if (schema?.$ref) return whole.title ?? "object";
  return whole.format ?? whole.type ?? "any value";
}

function limits(schema) {
  const whole = solid(schema);
  const kinds = [whole, ...(whole.anyOf ?? [])];
  const found = [];
  for (const kind of kinds) {
    if (kind.minimum !== undefined) found.push(`at least ${kind.minimum}`);
    if (kind.exclusiveMinimum !== undefined) found.push(`more than ${kind.exclusiveMinimum}`);
    if (kind.maximum !== undefined) found.push(`at most ${kind.maximum}`);
    if (kind.maxLength !== undefined) found.push(`up to ${kind.maxLength} characters`);
  }
  if (whole.default !== undefined && whole.default !== null && whole.default !== "") {
    found.push(`default ${JSON.stringify(whole.default)}`);
  }
  return [...new Set(found)].join(", ");
}

/** Rows for a schema's fields; nested objects follow, indented by their path. */
function rows(schema, path = "", seen = []) {
  const whole = solid(schema);
  return Object.entries(whole.properties ?? {}).flatMap(([name, field]) => {
    const must = (whole.required ?? []).includes(name);
    const row = make("tr", {},
      make("td", {}, path + name, must ? make("span", { class: "must", title: "required" }, " *") : null),
      make("td", {}, words(field), make("div", { class: "quiet" }, limits(field))),
      make("td", {}, solid(field).description ?? ""));
    const inner = nested(field);
    const again = inner?.$ref && seen.includes(inner.$ref);
    return inner && !again ? [row, ...rows(inner, `${path}${name}.`, [...seen, inner.$ref])] : [row];
  });
}

function nested(field) {
  const choices = [field, field.items, ...(field.anyOf ?? []), ...(field.anyOf ?? []).map((choice) => choice.items)];
  return choices.find((choice) => choice && solid(choice).properties);
}

const table = (heads, body) =>
  make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))),
    make("tbody", {}, ...body));

const json = (value) => JSON.stringify(value, null, 2);

function curl(method, path, operation) {
  const headers = ['-H "Authorization: Bearer $TOKEN"'];
  const content = operation.requestBody?.content["application/json"];
  const body = content ? [`-H "Content-Type: application/json"`, `-d '${json(content.example)}'`] : [];
  return [`curl -X ${method} "${location.origin}${filled(path, operation)}"`, ...headers, ...body].join(" \\\n  ");
}

function filled(path, operation, values = {}) {
  const entries = (operation.parameters ?? []).map(parameterOf).filter((entry) => entry.in === "path");
  return entries.reduce((text, { name, example }) =>
    text.replace(`{${name}}`, encodeURIComponent(values[name] ?? example)), path);
}

function copied(text) {
  const button = make("button", { class: "plain", type: "button", onclick: async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "copied";
    setTimeout(() => { button.textContent = "copy"; }, 1200);
  } }, "copy");
  return button;
}

/** Everything about one operation, drawn when it is opened. */
function inside(method, path, operation) {
  const parameters = (operation.parameters ?? []).map(parameterOf);
  const own = parameters.filter((entry) => entry.in !== "header");
  const content = operation.requestBody?.content["application/json"];
  const [status, answer] = Object.entries(operation.responses)[0];
  const shape = answer.content?.["application/json"] ?? {};
  const command = curl(method, path, operation);
  return make("div", { class: "inside" },
    ...prose(operation.description),
    operation["x-roles"] ? make("h3", {}, "Who may") : null,
    ...(operation["x-roles"] ?? []).map((role) => make("span", { class: "role" }, role.replaceAll("_", " "))),
    own.length ? make("h3", {}, "Parameters") : null,
    own.length ? table(["", "takes", ""], own.map((entry) => make("tr", {},
      make("td", {}, entry.name, entry.required ? make("span", { class: "must" }, " *") : null),
      make("td", {}, words(entry.schema), make("div", { class: "quiet" }, limits(entry.schema))),
      make("td", {}, entry.description ?? "")))) : null,
    content ? make("h3", {}, "Body") : null,
    content ? table(["", "takes", ""], rows(content.schema)) : null,
    make("h3", {}, "Example", copied(command)), make("pre", {}, command),
    make("h3", {}, `Answer ${status}`), make("p", { class: "quiet" }, answer.description),
    shape.schema && rows(shape.schema).length ? table(["", "is", ""], rows(shape.schema)) : null,
    make("h3", {}, "Try it"), trial(method, path, operation, own, content));
}

function trial(method, path, operation, own, content) {
  const inputs = Object.fromEntries(own.map((entry) =>
    [entry.name, make("input", { value: entry.in === "path" ? entry.example ?? "" : "", spellcheck: "false" })]));
  const body = content ? make("textarea", { spellcheck: "false" }) : null;
  if (body) body.value = json(content.example);
  const result = make("div", { "aria-live": "polite" });
  const send = async () => {
    const values = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
    const query = new URLSearchParams();
    for (const entry of own.filter(({ in: where }) => where === "query")) {
      const texts = entry.schema.type === "array" ? values[entry.name].split(",") : [values[entry.name]];
      texts.map((text) => text.trim()).filter(Boolean).forEach((text) => query.append(entry.name, text));
    }
    const address = filled(path, operation, values) + (query.size ? `?${query}` : "");
    const token = document.getElementById("token").value.trim();
    const headers = { ...(token && { Authorization: `Bearer ${token}` }), "Content-Type": "application/json" };
    result.replaceChildren(make("p", { class: "quiet" }, "…"));
    try {
      const response = await fetch(address, { method, headers, body: body?.value });
      const text = await response.text();
      const position = response.headers.get("X-Position");
      result.replaceChildren(
        make("div", { class: `status ${response.ok ? "good" : "bad"}` },
          `${response.status} ${response.statusText}${position ? ` · position ${position}` : ""}`),
        make("pre", {}, pretty(text)));
    } catch (error) {
      result.replaceChildren(make("div", { class: "status bad" }, `The server did not answer: ${error.message}`));
    }
  };
  return make("div", {},
    ...own.map((entry) => make("label", { class: "field" }, entry.name, inputs[entry.name])),
    body ? make("label", { class: "field" }, "Body", body) : null,
    make("button", { type: "button", onclick: send }, "Send"), result);
}

function pretty(text) {
  try { return json(JSON.parse(text)); } catch { return text; }
}

function colouredPath(path) {
  return make("span", { class: "path" }, ...path.split(/(\{[^}]+\})/).map((part) =>
    part.startsWith("{") ? make("b", {}, part) : part));
}

function operationBox({ method, path, operation }) {
  const box = make("details", { class: "operation", id: operation.operationId },
    make("summary", {},
      make("span", { class: `method ${method.toLowerCase()}` }, method), colouredPath(path),
      make("span", { class: "name" }, operation.operationId.split(".").at(-1)), make("em", {}, operation.summary)));
  box.addEventListener("toggle", () => {
    if (box.open && box.childElementCount === 1) box.append(inside(method, path, operation));
  });
  return box;
}

function draw() {
  document.getElementById("version").textContent = `API ${spec.info.version}`;
  const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })));
  const tags = [...spec.tags, { name: undefined, description: "Health" }];
  const sections = tags.map((tag) => ({
    tag, found: operations.filter(({ operation }) => operation.tags?.[0] === tag.name),
  })).filter(({ found }) => found.length);

  document.getElementById("main").replaceChildren(
    make("h1", {}, "The API"), ...prose(spec.info.description),
    make("p", {}, "The document behind this page: ", make("a", { href: "/openapi.json" }, "/openapi.json"), "."),
    ...sections.map(({ tag, found }) => make("section", {},
      make("h2", {}, tag.description), ...found.map(operationBox))),
    make("h2", { id: "headers" }, "Headers that any request may carry"),
    table(["", "", ""], Object.values(spec.components.parameters).map((entry) => make("tr", {},
      make("td", {}, entry.name), make("td", {}, words(entry.schema)), make("td", {}, ...prose(entry.description))))),
    make("h2", { id: "problems" }, "Problems"),
    table(["code", "status", "what it means"], spec["x-problems"].map((problem) =>
      make("tr", { class: "problem", id: `problem-${problem.code}` }, make("td", {}, problem.code),
        make("td", {}, String(problem.status)), make("td", {}, make("strong", {}, problem.title), ...prose(problem.description))))));

  document.getElementById("contents").replaceChildren(
    ...sections.map(({ tag, found }) => make("details", {},
      make("summary", {}, tag.description, " ", make("span", {}, String(found.length))),
      ...found.map(({ operation }) => make("a", { href: `#${operation.operationId}` }, operation.summary)))),
    make("a", { href: "#headers" }, "Headers"), make("a", { href: "#problems" }, "Problems"));

  document.getElementById("find").addEventListener("input", ({ target }) => find(operations, target.value));
  window.addEventListener("hashchange", openTarget);
  openTarget();
}

/** Shows only the operations in whose words, path or roles every word is found. */
function find(operations, text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = new Set();
  for (const { path, operation } of operations) {
    const all = `${path} ${operation.operationId} ${operation.summary} ${(operation["x-roles"] ?? []).join(" ")}`.toLowerCase();
    const fits = wanted.every((word) => all.includes(word));
    if (fits) shown.add(operation.operationId);
    document.getElementById(operation.operationId).hidden = !fits;
  }
  for (const section of document.querySelectorAll("main section")) {
    section.hidden = ![...section.querySelectorAll(".operation")].some((box) => !box.hidden);
  }
  for (const link of document.querySelectorAll("nav details a")) {
    link.hidden = !shown.has(decodeURIComponent(link.hash.slice(1)));
  }
  for (const group of document.querySelectorAll("nav details")) {
    group.hidden = ![...group.querySelectorAll("a")].some((link) => !link.hidden);
    group.open = wanted.length > 0;
  }
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}

async function start() {
  const token = document.getElementById("token");
  token.value = sessionStorage.getItem("token") ?? "";
  token.addEventListener("input", () => sessionStorage.setItem("token", token.value.trim()));
  spec = await (await fetch("/openapi.json")).json();
  draw();
}

start();
