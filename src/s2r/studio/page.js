"use strict";

const $ = (id) => document.getElementById(id);
const PIXELS_PER_SECOND = 150;
const FRAME_RATE = 50;
let offers = {models: [], sizes: [], longest: 60};
let speech = null; // File or recorded Blob with a name
let watched = 0; // number of the job whose result may be shown

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("The studio does not answer: was it closed in the terminal?");
  }
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function element(name, properties, parent) {
  const made = Object.assign(document.createElement(name), properties);
  parent.append(made);
  return made;
}

function show(part) {
  for (const id of ["empty", "fault", "busy", "made"]) $(id).hidden = id !== part;
  if (part !== "made") $("video").pause();
  $("result").scrollIntoView({block: "nearest"});
}

function complain(sentence) {
  $("fault").textContent = sentence;
  show("fault");
}

// ---- what can be chosen

function chosenModels() {
  return [$("model").value, $("second").value].filter((name) => name);
}

function offerSpeakers() {
  const chosen = offers.models.filter((one) => chosenModels().includes(one.name));
  const common = chosen[0].speakers.filter((who) => chosen.every((one) => one.speakers.includes(who)));
  const before = document.querySelector("input[name=speaker]:checked")?.value;
  $("speakers").replaceChildren();
  for (const [number, who] of common.entries()) {
    const label = element("label", {className: "speaker"}, $("speakers"));
    const checked = common.includes(before) ? who === before : number === 0;
    element("input", {type: "radio", name: "speaker", value: who, checked}, label);
    const address = `references/${encodeURIComponent(chosen[0].name)}/${encodeURIComponent(who)}`;
    element("img", {src: address, alt: ""}, label);
    element("span", {textContent: who}, label);
  }
  if (!common.length) {
    $("speakers").textContent = "The two models have no speaker in common: use a picture of your own.";
  }
  $("card").textContent = chosen.map((one) => one.card).join("\n\n");
}

function offerPicture() {
  const file = $("picture").files[0];
  $("no-picture").hidden = $("force-row").hidden = !file;
  $("picture-name").textContent = file
    ? `${file.name} takes the place of the speakers above.`
    : "One midsagittal MRI frame at rest, face to the same side.";
  $("speakers").style.opacity = file ? 0.35 : 1;
}

async function start() {
  offers = await ask("models");
  for (const {name} of offers.models) {
    element("option", {value: name, textContent: name}, $("model"));
  }
  element("option", {value: "", textContent: "no other"}, $("second"));
  for (const {name} of offers.models) {
    element("option", {value: name, textContent: name}, $("second"));
  }
  $("second-row").hidden = offers.models.length < 2;
  for (const size of offers.sizes) {
    element("option", {value: size, textContent: `${size} pixels`, selected: size === 256}, $("size"));
  }
  offerSpeakers();
}

// ---- speech

function take(file) {
  speech = file;
  $("sound-name").textContent = `${file.name}, ${(file.size / 1000).toFixed(0)} kB`;
  URL.revokeObjectURL($("heard").src);
  $("heard").src = URL.createObjectURL(file);
  $("heard").hidden = false;
}

let recorder = null;

async function record() {
  if (recorder) {
    recorder.stop();
    return;
  }
  if (!navigator.mediaDevices) {
    complain("This browser records on https or localhost only: choose a file instead.");
    return;
  }
  let microphone;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({audio: true});
  } catch (error) {
    complain(`The microphone cannot be used (${error.message}): allow it, or choose a file.`);
    return;
  }
  const pieces = [];
  const since = Date.now();
  recorder = new MediaRecorder(microphone);
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const clock = setInterval(() => {
    const seconds = (Date.now() - since) / 1000;
    $("record").textContent = `Stop (${seconds.toFixed(0)} s)`;
    if (seconds > offers.longest - 1) recorder.stop();
  }, 200);
  recorder.onstop = () => {
    clearInterval(clock);
    microphone.getTracks().forEach((track) => track.stop());
    const kind = recorder.mimeType;
    recorder = null;
    $("record").textContent = "Record again";
    $("record").classList.remove("on");
    const suffix = kind.split(";")[0].split("/")[1];
    take(new File(pieces, `recording.${suffix}`, {type: kind}));
  };
  recorder.start();
  $("record").classList.add("on");
  $("record").textContent = "Stop (0 s)";
}

// ---- generating

async function upload(file) {
  const address = `files?name=${encodeURIComponent(file.name)}`;
  return (await ask(address, {method: "POST", body: file})).key;
}

async function generate(event) {
  event.preventDefault();
  if (!speech) {
    complain("There is no speech yet: record some, or choose a file.");
    return;
  }
  const number = ++watched;
  $("generate").disabled = true;
  $("doing").textContent = "Sending the sound";
  $("share").removeAttribute("value");
  show("busy");
  try {
    const picture = $("picture").files[0];
    const wish = {
      sound: await upload(speech),
      reference: picture ? await upload(picture) : null,
      models: chosenModels(),
      speaker: document.querySelector("input[name=speaker]:checked")?.value ?? null,
      force: $("force").checked,
      preset: $("preset").value || null,
      seed: Number($("seed").value),
      size: Number($("size").value),
    };
    const {key} = await ask("jobs", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify(wish),
    });
    const job = await finished(key);
    if (number === watched) present(key, job);
  } catch (error) {
    if (number === watched) complain(error.message);
  } finally {
    $("generate").disabled = false;
  }
}

async function finished(key) {
  for (;;) {
    const job = await ask(`jobs/${key}`);
    if (job.state === "failed") throw new Error(job.message);
    if (job.state === "done") return job;
    if (job.state === "waiting") {
      $("doing").textContent = `Waiting: ${job.ahead} before yours`;
    } else if (job.seconds) {
      $("doing").textContent = `Drawing ${job.seconds.toFixed(1)} s`;
      $("share").value = job.share;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

// ---- watching

let seconds = 1;

function present(key, job) {
  seconds = job.seconds;
  show("made");
  $("video").src = `jobs/${key}/video.mp4`;
  $("video").playbackRate = Number($("speed").value);
  $("picture-of-sound").src = `jobs/${key}/sound.png`;
  $("track").style.width = `${Math.ceil(seconds * PIXELS_PER_SECOND)}px`;
  $("titles").replaceChildren();
  $("titles").hidden = job.models.length < 2;
  for (const name of job.models) element("span", {textContent: name}, $("titles"));
  // The first paragraph of a model card says what the model was trained on.
  const cards = offers.models.filter((one) => job.models.includes(one.name)).map((one) => one.card);
  $("origin").textContent = [...new Set(cards.map((card) => card.split("\n\n")[1] ?? ""))].join(" ");
  $("ticks").replaceChildren();
  const step = seconds <= 20 ? 0.5 : 1;
  for (let time = 0; time < seconds - 0.2; time += step) {
    const tick = element("span", {textContent: time === 0 ? "0 s" : `${time}`}, $("ticks"));
    tick.style.left = `${(100 * time) / seconds}%`;
  }
  $("downloads").replaceChildren("Download: ");
  const texts = {
    "video.mp4": job.models.length > 1 ? "video, side by side" : "video",
    "video_1.mp4": `video of ${job.models[0]}`,
    "frames_1.h5": `frames${job.models.length > 1 ? ` of ${job.models[0]}` : ""} (HDF5)`,
    "frames_2.h5": `frames of ${job.models[1]} (HDF5)`,
    "sound.png": "picture of the sound",
  };
  for (const [name, textContent] of Object.entries(texts)) {
    if (!job.files.includes(name)) continue;
    element("a", {href: `jobs/${key}/${name}`, download: name, textContent}, $("downloads"));
  }
  place(0);
}

function place(time) {
  const x = Math.min(time / seconds, 1) * $("track").clientWidth;
  $("cursor").style.left = `${x}px`;
  const view = $("scroll");
  $("time").textContent = `${time.toFixed(2)} s`;
  if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth) {
    view.scrollLeft = x - view.clientWidth / 10;
  }
}

function step(frames) {
  const video = $("video");
  video.pause();
  // To the middle of the frame, so that rounding cannot show its neighbour.
  const frame = Math.floor(video.currentTime * FRAME_RATE) + frames;
  video.currentTime = Math.max(0, (frame + 0.5) / FRAME_RATE);
}

// The picture that is on the screen says its time itself, where the browser can tell.
function follow(_, picture) {
  place(picture ? picture.mediaTime : $("video").currentTime);
  if ($("video").requestVideoFrameCallback) $("video").requestVideoFrameCallback(follow);
  else requestAnimationFrame(() => follow());
}

$("wish").addEventListener("submit", generate);
$("record").addEventListener("click", record);
$("sound").addEventListener("change", () => $("sound").files[0] && take($("sound").files[0]));
$("picture").addEventListener("change", offerPicture);
$("no-picture").addEventListener("click", () => {
  $("picture").value = "";
  $("force").checked = false;
  offerPicture();
});
$("model").addEventListener("change", offerSpeakers);
$("second").addEventListener("change", offerSpeakers);
$("speed").addEventListener("change", () => { $("video").playbackRate = Number($("speed").value); });
$("video").addEventListener("loadedmetadata", () => {
  $("titles").style.width = `${$("video").clientWidth}px`;
  $("video").playbackRate = Number($("speed").value);
});
$("video").addEventListener("error", () => complain("The browser cannot play this video: generate it again."));
for (const event of ["play", "pause", "ended"]) {
  $("video").addEventListener(event, () => { $("play").textContent = $("video").paused ? "Play" : "Pause"; });
}
$("play").addEventListener("click", () => ($("video").paused ? $("video").play() : $("video").pause()));
$("back").addEventListener("click", () => step(-1));
$("forth").addEventListener("click", () => step(1));
$("track").addEventListener("click", (event) => {
  const box = $("track").getBoundingClientRect();
  $("video").currentTime = ((event.clientX - box.left) / box.width) * seconds;
});
follow();
start().catch((error) => complain(error.message));
