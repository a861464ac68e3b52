// An imagined host that measures: seeded noise, slow drift, a switch of speed, runs that time out.

/** mulberry32: a small seeded generator of numbers in [0, 1). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function shuffled(items, random) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/** Seconds for one batch on an imagined host. */
function batchSeconds({ precision, batch, threads }) {
  const perImage = precision === "bf16" ? 9e-6 : 2.1e-5;
  const overhead = threads === 2 ? 1.1e-4 : 8e-5;
  return overhead + (perImage * batch) / (threads === 2 ? 1.75 : 1);
}

/** The host's speed during one run: slow drift, and a switch to a slower state for a few blocks. */
function hostFactor(block, position) {
  const drift = 1 + 0.05 * Math.sin((block + position / 17) / 3.2);
  return block === 12 || block === 13 ? drift * 1.33 : drift;
}

export function replicatesOf(configurations, blocks, random, options) {
  const replicates = [];
  let clock = Date.UTC(2025, 2, 4, 9, 30, 12);
  for (let block = 0; block < blocks; block++) {
    const arms = configurations.map((configuration) => ({ configuration, aa: false }));
    arms.push({ configuration: configurations[options.twin ?? 0], aa: true });
    shuffled(arms, random).forEach(({ configuration, aa }, position) => {
      const bias = aa ? (options.twinBias ?? 1) : 1;
      const seconds =
        batchSeconds(configuration.knobs) *
        hostFactor(block, position) *
        bias *
        Math.exp(0.018 * normal(random));
      const throughput = configuration.knobs.batch / seconds;
      const lost = options.censored?.some(
        ([b, id]) => b === block && id === configuration.id && !aa,
      );
      const wall = lost ? 10 : 0.41 + 0.1 * random();
      replicates.push({
        block,
        position,
        configuration: configuration.id,
        aa,
        started: new Date(clock)
          .toISOString()
          .replace(".000Z", "Z")
          .replace(/\.\d+Z/, "Z"),
        wall,
        outcome: lost ? "timeout" : "ok",
        values: lost
          ? {}
          : {
              throughput,
              "latency.p50": seconds,
              "memory.peak": Math.round(
                2.1e7 +
                  configuration.knobs.batch *
                    (configuration.knobs.precision === "bf16" ? 5.1e4 : 9.3e4) +
                  2e5 * random(),
              ),
            },
      });
      clock += Math.round(wall * 1000) + 30;
    });
  }
  return replicates;
}
