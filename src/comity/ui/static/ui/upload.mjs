// Files that are sent in pieces and go on after a lost connection or a reload (tus). Without this
// module the form sends its file as any form does.

const CHUNK = 8 * 1024 * 1024;
const RETRY_MS = 3000;
const AT_ONCE = 3;
const BATCH_FILES = 50;
const BATCH_BYTES = 256 * 1024 * 1024;

const form = document.querySelector("form[data-upload]");
const area = document.getElementById("uploads");
const words = area.dataset;
const part = (name) => area.querySelector(`[data-${name}]`);
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
const known = JSON.parse(document.getElementById("uploads-known").textContent);
const input = form.querySelector("input[type=file][name]");
// What several files become: an item each ("items"), all with one sending of the form ("together"),
// or there is one only ("one").
const takes = form.dataset.takes ?? "items";
const hidden = form.querySelector("[name=upload]");
const button = form.querySelector(".cm-actions button");
let jobs = [];

const sizeWords = (bytes) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; bytes >= 1000 && at < units.length - 1; at += 1) bytes /= 1000;
  return `${bytes.toFixed(at && bytes < 100 ? 1 : 0)}\u00a0${units[at]}`;
};

// Which file it is, as a digest: no name is kept in the browser.
const fingerprintOf = async (file) => {
  if (!crypto.subtle) return "";
  const said = [file.webkitRelativePath, file.name, file.size, file.lastModified].join("\n");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(said));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

const backOnline = () =>
  new Promise((done) => {
    const timer = setTimeout(done, RETRY_MS);
    window.addEventListener("online", () => (clearTimeout(timer), done()), { once: true });
  });

class Job {
  constructor(file) {
    this.file = file;
    this.isPaused = this.isGone = false;
    this.row = area.querySelector("template").content.firstElementChild.cloneNode(true);
    this.row.querySelector("[data-name]").textContent = file.webkitRelativePath || file.name;
    for (const verb of ["pause", "resume", "remove"]) {
      this.row.querySelector(`[data-${verb}]`).addEventListener("click", () => this[verb]());
    }
    part("rows").append(this.row);
    this.say(words.waiting);
  }

  say(state, share) {
    this.row.querySelector("[data-state]").textContent = state;
    if (share !== undefined) this.row.querySelector("progress").value = Math.floor(share * 1000);
    this.row.querySelector("[data-pause]").hidden = this.isPaused || this.isEnded || !this.upload;
    this.row.querySelector("[data-resume]").hidden = !this.isPaused;
  }

  // Resolves with the upload's uid, or undefined if it was refused or thrown away.
  send() {
    this.sent ??= new Promise((done) => {
      this.done = done;
      this.begin();
    });
    return this.sent;
  }

  async begin() {
    const fingerprint = await fingerprintOf(this.file);
    const before = fingerprint && known.find((one) => one.fingerprint === fingerprint);
    this.upload = new tus.Upload(this.file, {
      endpoint: form.dataset.upload,
      uploadUrl: before?.url,
      chunkSize: CHUNK,
      headers: { "X-CSRFToken": token },
      metadata: { filename: this.file.webkitRelativePath || this.file.name, filetype: this.file.type, fingerprint },
      retryDelays: [0, 500, 1000],
      storeFingerprintForResuming: false,
      removeFingerprintOnSuccess: false,
      urlStorage: { findAllUploads: async () => [], findUploadsByFingerprint: async () => [] },
      onProgress: (sent, all) => this.say(
        `${words.sending}: ${sizeWords(sent)} / ${sizeWords(all)}`, all ? sent / all : 1,
      ),
      onSuccess: () => this.end(words.arrived),
      onError: (error) => this.failed(error),
    });
    if (!this.isPaused && !this.isGone) this.upload.start();
  }

  end(state) {
    this.isEnded = true;
    this.say(state, 1);
    this.done(this.upload.url.replace(/\/$/, "").split("/").pop());
  }

  async failed(error) {
    const answer = error.originalResponse;
    if (!answer || answer.getStatus() >= 500 && answer.getStatus() !== 507) {
      this.say(words.lost);
      await backOnline();
      if (!this.isPaused && !this.isGone) this.upload.start();
      return;
    }
    const [status, body] = [answer.getStatus(), answer.getBody()];
    const isOut = status === 401 || (status === 403 && body.startsWith("<"));
    this.refuse(isOut ? words.out : words.failed + (body.startsWith("<") ? status : body));
  }

  refuse(state) {
    this.isEnded = true;
    this.row.classList.add("cm-uploads__bad");
    this.row.querySelector("progress").hidden = true;
    this.say(state);
    this.done?.(undefined);
  }

  pause() {
    this.isPaused = true;
    this.upload?.abort();
    this.say(words.paused);
    this.row.querySelector("[data-resume]").focus();
  }

  resume() {
    this.isPaused = false;
    this.say(words.sending);
    this.upload?.start();
    this.row.querySelector("[data-pause]").focus();
  }

  async remove() {
    this.isGone = true;
    this.row.remove();
    jobs = jobs.filter((one) => one !== this);
    this.done?.(undefined);
    await this.upload?.abort(Boolean(this.upload.url)).catch(() => {});
    if (!jobs.length) input.value = hidden.value = "";
  }

  kept(told) {
    const state = this.row.querySelector("[data-state]");
    this.row.querySelector(".cm-uploads__do").remove();
    this.row.querySelector("progress").hidden = true;
    const link = Object.assign(document.createElement("a"), { href: told.url, textContent: told.number });
    state.replaceChildren(`${words.kept} `, link);
  }
}

// Sends some files, a few at once; each job keeps the uid of what arrived.
const sendThrough = async (some) => {
  const left = [...some];
  const lane = async () => {
    for (let job = left.shift(); job; job = left.shift()) job.uid = await job.send();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
};

const choose = (files) => {
  for (const job of jobs) job.remove();
  hidden.value = "";
  form.querySelectorAll("[data-came]").forEach((each) => each.remove());
  const path = (file) => file.webkitRelativePath || file.name;
  const sorted = [...files].sort((one, other) => (path(one) < path(other) ? -1 : 1));
  jobs = sorted.map((file) => new Job(file));
  part("summary").textContent = jobs.length > 1 ? words.several ?? "" : "";
  if (jobs.length === 1 || takes === "together") sendThrough(jobs);
};

const showErrors = (errors) => {
  const lines = Object.entries(errors).flatMap(([name, all]) =>
    all.map(({ message }) => {
      const field = form.querySelector(`[name=${name}], [name=${name}_0]`);
      const label = field?.closest(".govuk-form-group")?.querySelector("label, legend");
      const line = document.createElement("p");
      line.textContent = (label ? `${label.firstChild.textContent.trim()}: ` : "") + message;
      return line;
    }),
  );
  const again = Object.assign(document.createElement("p"), { textContent: words.again });
  part("errors").replaceChildren(...lines, ...(lines.length ? [again] : []));
  part("errors").hidden = !lines.length;
  if (lines.length) part("errors").scrollIntoView({ block: "center" });
};

// Asks the page itself for JSON; what is not answered is asked again.
const post = async (values) => {
  const body = new FormData(form);
  body.delete(input.name);
  for (const [name, value] of Object.entries(values)) body.set(name, value);
  for (;;) {
    try {
      const headers = { Accept: "application/json", "X-CSRFToken": token };
      const answer = await fetch(form.action, { method: "POST", body, headers });
      const kind = answer.headers.get("Content-Type") ?? "";
      if (kind.startsWith("application/json")) return await answer.json();
      if (answer.status < 500) return { errors: { __all__: [{ message: words.out }] } };
    } catch {
      // the connection is lost
    }
    await backOnline();
  }
};

const sendBatch = async (batch, first, count) => {
  await sendThrough(batch);
  const arrived = batch.filter((job) => job.uid);
  if (!arrived.length) return true;
  const told = await post({ upload: arrived.map((job) => job.uid).join(), first, count });
  if (told.errors) {
    showErrors(told.errors);
    return false;
  }
  for (const job of arrived) {
    const one = told.files[job.uid];
    if (one.url) job.kept(one);
    else job.refuse(words.failed + one.error);
    job.isKept = Boolean(one.url);
  }
  return true;
};

const sendAll = async () => {
  // First whether the form can stand at all: before any byte is sent.
  const { [input.name]: _file, ...errors } = (await post({ upload: "" })).errors ?? {};
  showErrors(errors);
  if (Object.keys(errors).length) return;
  const count = jobs.length;
  const left = jobs.filter((job) => !job.isKept);
  let first = count - left.length + 1;
  while (left.length) {
    const batch = [];
    for (let bytes = 0; left.length && batch.length < BATCH_FILES && bytes < BATCH_BYTES;) {
      batch.push(left.shift());
      bytes += batch.at(-1).file.size;
    }
    if (!(await sendBatch(batch, first, count))) return;
    first += batch.length;
    const kept = jobs.filter((job) => job.isKept).length;
    part("summary").textContent = words.count.replace("{done}", kept).replace("{count}", count);
  }
};

const submit = async (event) => {
  if (!jobs.length) return;
  event.preventDefault();
  button.disabled = true;
  if (jobs.length > 1 && takes === "items") {
    await sendAll();
    button.disabled = jobs.every((job) => job.isKept || job.isEnded);
    return;
  }
  await sendThrough(jobs);
  button.disabled = false;
  if (!jobs.length || jobs.some((job) => !job.uid)) return; // one was refused: its row says why
  hidden.value = jobs.map((job) => job.uid).join();
  input.value = "";
  form.submit();
};

input.multiple = takes !== "one";
area.hidden = false;
input.closest(".govuk-form-group").append(area);
for (const each of document.querySelectorAll("[data-with-scripts]")) each.hidden = false;
input.addEventListener("change", () => choose(input.files));
part("folder")?.addEventListener("click", () => part("folder-input").click());
part("folder-input")?.addEventListener("change", () => choose(part("folder-input").files));
form.addEventListener("submit", submit);
