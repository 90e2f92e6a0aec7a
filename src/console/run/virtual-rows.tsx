import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useRef } from "react";

interface VirtualRowsProps<Item extends { key: string }> {
  items: Item[];
  rowHeight: number;
  label: string;
  render: (item: Item, index: number) => ReactNode;
}

/** As many rows as there are, of which only those in sight are in the page. New ones come below and move nothing. */
export function VirtualRows<Item extends { key: string }>({ items, rowHeight, label, render }: VirtualRowsProps<Item>) {
  const frame = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 12,
  });
  return (
    <div ref={frame} className="virtual" role="list" aria-label={label} tabIndex={0}>
      <div style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ key, index, start }) => {
          const item = items[index];
          if (!item) return null;
          return (
            <div
              key={key}
              ref={rows.measureElement}
              data-index={index}
              role="listitem"
              style={{ transform: `translateY(${start}px)` }}
            >
              {render(item, index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
