import type { ComponentProps, ReactNode } from "react";

interface ButtonProps extends Omit<ComponentProps<"button">, "className"> {
  kind?: "primary" | "danger" | "plain" | undefined;
  size?: "small" | undefined;
}

export function Button({ kind, size, type = "button", ...rest }: ButtonProps) {
  return <button type={type} className={["button", kind, size].filter(Boolean).join(" ")} {...rest} />;
}

interface IconButtonProps extends Omit<ButtonProps, "children"> {
  label: string;
  children: ReactNode;
}

/** A picture with a name. */
export function IconButton({ label, kind = "plain", size, type = "button", ...rest }: IconButtonProps) {
  const className = ["button", "icon", kind, size].filter(Boolean).join(" ");
  return <button type={type} className={className} aria-label={label} title={label} {...rest} />;
}
