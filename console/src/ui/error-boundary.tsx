import { Component, type ReactNode } from 'react';

interface ErrorBoundaryProps {
  readonly children: ReactNode;
}

/** Says that the page broke, where it would else be blank. React has no hook for it. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, { readonly broken: boolean }> {
  override readonly state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="page" role="alert">
        <h1>The page broke</h1>
        <p>Your videos are safe: they are made without it.</p>
        <p>
          <button type="button" className="button" onClick={() => location.reload()}>
            Load the page again
          </button>
        </p>
      </main>
    );
  }
}
