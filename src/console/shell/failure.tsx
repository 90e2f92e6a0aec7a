import { Component, type ReactNode } from "react";
import { Problem, messageOf } from "#console/ui/problem.tsx";

interface FailureState {
  error: unknown;
}

/** A view that breaks says so and leaves the rest standing. */
export class Failure extends Component<{ children: ReactNode }, FailureState> {
  override state: FailureState = { error: null };

  static getDerivedStateFromError(error: unknown): FailureState {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return <Problem>This view could not be shown: {messageOf(this.state.error)}</Problem>;
  }
}
