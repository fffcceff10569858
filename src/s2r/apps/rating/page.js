"use strict";
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const texts = JSON.parse(byId("texts").textContent);
const video = byId("video");
let session = null;

/* A text of the page with its words in braces filled in. */
function text(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (field, key) => values[key] ?? field);
}

function fill(element) {
  const content = texts[element.dataset.text];
  if (!Array.isArray(content)) { element.textContent = content; return; }
  element.replaceChildren(...content.map((paragraph) => {
    const one = document.createElement("p");
    one.textContent = paragraph;
    return one;
  }));
}

all("[data-text]").forEach(fill);
document.title = texts.title;
video.setAttribute("aria-label", texts.video);
byId("agreement").hidden = !texts.consent.length;
byId("agree").required = Boolean(texts.consent.length);
document.querySelector("[data-value='1']").setAttribute("aria-label", `1, ${texts.lowest}`);
document.querySelector("[data-value='5']").setAttribute("aria-label", `5, ${texts.highest}`);
/* The arrow that points to a button is its key, whatever the direction of writing. */
const [toFirst, toSecond] = document.documentElement.dir === "rtl"
  ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
document.querySelector("[data-answer='real']").setAttribute("aria-keyshortcuts", toFirst);
document.querySelector("[data-answer='synthesised']").setAttribute("aria-keyshortcuts", toSecond);

function show(id) {
  for (const section of all("section")) section.hidden = section.id !== id;
  document.querySelector(`#${id} h1`).focus();
}

function showError(sentence) {
  byId("error").textContent = sentence;
  byId("error").hidden = !sentence;
}

/* Send to the server; the reply comes when everything is on its disk. */
async function send(path, content) {
  showError("");
  let reply, answer;
  try {
    reply = await fetch(path, {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({...content, code: byId("code").value}),
    });
    answer = await reply.json();
  } catch {
    showError(text("unreachable"));
    return null;
  }
  if (reply.ok) return answer;
  showError(answer.text ? text(answer.text) : text("not_stored", {reason: answer.error}));
  return null;
}

/* A clip can be answered once, after it was seen to its end. What is chosen is stored by Submit;
   until then another choice takes its place. */
const state = {seen: false, stored: false, answer: null, value: null, busy: false};
function refresh(changes) {
  Object.assign(state, changes);
  const open = state.seen && !state.busy;
  for (const button of all("#kind button")) {
    button.disabled = !open || state.stored;
    button.setAttribute("aria-pressed", String(button.dataset.answer === state.answer));
  }
  byId("scale").hidden = !state.answer;
  for (const button of all("#scale button")) {
    button.disabled = !open;
    button.setAttribute("aria-pressed", String(Number(button.dataset.value) === state.value));
  }
  byId("submit").disabled = !open || !state.answer || !state.value;
  byId("next").disabled = !state.seen;
}

/* Fetch a whole clip before it plays, so that no clip stutters. */
async function load(clip) {
  try {
    const reply = await fetch(`clips/${clip}`);
    if (!reply.ok) throw new Error(reply.status);
    URL.revokeObjectURL(video.src);
    video.src = URL.createObjectURL(await reply.blob());
    play();
  } catch {
    showError(text("not_loaded"));
  }
}

function play() {
  video.currentTime = 0;
  video.play().catch(() => {});  // a browser that does not start videos waits for the button
}
byId("again").onclick = play;
video.onended = () => refresh({seen: true});
video.onerror = () => showError(text("not_playable"));

byId("enter").onsubmit = async (event) => {
  event.preventDefault();
  session = await send("session", {consent: byId("agree").checked});
  if (!session) return;
  if (Object.keys(session.answers).length) rate();
  else practise(0);
};

function present(heading, items, place, answer, practice) {
  byId("heading").textContent = text(heading, {number: place + 1, total: items.length});
  byId("bar").max = items.length;
  byId("bar").value = place;
  byId("word").textContent = text("word", {word: items[place].word});
  byId("label").hidden = byId("next").hidden = !practice;
  byId("kind").hidden = byId("send").hidden = practice;
  refresh({seen: false, stored: Boolean(answer), answer: answer ?? null, value: null, busy: false});
  show("watch");
  load(items[place].clip);
}

function practise(place) {
  if (place >= session.practice.length) { rate(); return; }
  present("example", session.practice, place, null, true);
  byId("next").onclick = () => practise(place + 1);
}

/* The first video without both answers. */
function current() {
  return session.clips.findIndex(({clip}) => !session.answers[clip]?.naturalness);
}

function rate() {
  const place = current();
  if (place < 0) remarks();
  else present("clip", session.clips, place, session.answers[session.clips[place].clip]?.answer,
    false);
}

for (const button of all("#kind button"))
  button.onclick = () => refresh({answer: button.dataset.answer});
for (const button of all("#scale button"))
  button.onclick = () => refresh({value: Number(button.dataset.value)});

byId("submit").onclick = async () => {
  const {clip} = session.clips[current()];
  const {answer, value} = state;
  refresh({busy: true});
  if (!state.stored && await send("answer", {clip, answer})) {
    session.answers[clip] = {answer};
    refresh({stored: true});
  }
  const done = state.stored && await send("naturalness", {clip, naturalness: value});
  refresh({busy: false});
  if (!done) return;
  session.answers[clip].naturalness = value;
  rate();
};

/* The keys that the page names; a disabled or hidden button does nothing. */
document.onkeydown = (event) => {
  if (byId("watch").hidden || event.repeat) return;
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const button = all("#watch [aria-keyshortcuts]").find((one) =>
    one.getAttribute("aria-keyshortcuts") === key && one.offsetParent && !one.disabled);
  if (!button) return;
  event.preventDefault();
  button.click();
};

function remarks() {
  byId("fields").replaceChildren(...session.words.flatMap((word, number) => {
    const label = document.createElement("label");
    const field = document.createElement("textarea");
    label.textContent = word;
    label.htmlFor = field.id = `comment-${number}`;
    field.dataset.word = word;
    field.maxLength = 2000;
    field.rows = 2;
    field.value = session.comments[word] ?? "";
    field.onchange = () => send("comment", {word, comment: field.value});
    return [label, field];
  }));
  show("remarks");
}

byId("comments").onsubmit = async (event) => {
  event.preventDefault();
  for (const field of all("#fields textarea"))
    if (field.value && !await send("comment", {word: field.dataset.word, comment: field.value}))
      return;
  show("thanks");
};
