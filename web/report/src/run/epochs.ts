// Epoch after epoch: the accuracy as a line, everything as a table.
import { section } from "../dom";
import { formatNumber, formatTick, formatValue } from "../format";
import type { Epoch, Run } from "../run";
import { hasValues, seriesFigure, type Series } from "../series";
import { dash, sortable, type Column } from "../table";

export function accuracy(run: Run): HTMLElement | null {
  const series: Series = {
    name: "accuracy on the test set",
    along: "epoch",
    x: run.epochs.map((e) => e.epoch),
    y: run.epochs.map((e) => e.accuracy),
    told: (v) => formatValue(v, "1", true),
    tick: (v, digits) => formatTick(v, "1", true, digits),
    dots: run.epochs.length <= 60,
    noisy: false,
  };
  if (!hasValues(series)) return null;
  return section("accuracy", "The accuracy, epoch by epoch", null, seriesFigure(series));
}

function column(
  title: string,
  of: (epoch: Epoch) => number | null,
  words: (value: number) => string,
): Column<Epoch> {
  return {
    title,
    numeric: true,
    key: of,
    cell: (epoch) => {
      const value = of(epoch);
      return [value === null ? dash() : words(value)];
    },
  };
}

export function epochTable(run: Run): HTMLElement | null {
  const { epochs } = run;
  if (epochs.length === 0) return null;
  const optional: [string, (e: Epoch) => number | null, (v: number) => string][] = [
    ["Step", (e) => e.step, formatNumber],
    ["Training loss", (e) => e.loss, (v) => formatValue(v, "")],
    ["Test loss", (e) => e.test_loss, (v) => formatValue(v, "")],
    ["Test accuracy", (e) => e.accuracy, (v) => formatValue(v, "1", true)],
    ["Time", (e) => e.seconds, (v) => formatValue(v, "s")],
  ];
  const columns = [
    { ...column("Epoch", (e) => e.epoch, formatNumber), numeric: false },
    ...optional
      .filter(([, of]) => epochs.some((e) => of(e) !== null))
      .map(([title, of, words]) => column(title, of, words)),
  ];
  const parts = sortable<Epoch>({
    label: "Table of epochs",
    noun: { one: "epoch", many: "epochs" },
    rows: epochs,
    columns,
    filters: [],
    sort: { column: 0, direction: 1 },
    id: (e) => e.epoch,
    kind: () => undefined,
  });
  return section("epochs", "Every epoch", null, ...parts);
}
