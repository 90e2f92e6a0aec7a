import { type ReactNode, useEffect } from "react";

interface PageHeadProps {
  title: string;
  /** What stands beside the title. */
  beside?: ReactNode;
  /** What can be done here. */
  children?: ReactNode;
  about?: ReactNode;
}

export function PageHead({ title, beside, about, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · AbstractGateway`;
  }, [title]);
  return (
    <div className="page-head">
      <div>
        <div className="row">
          <h1>{title}</h1>
          {beside}
        </div>
        {about && <p className="small">{about}</p>}
      </div>
      {children && <div className="row">{children}</div>}
    </div>
  );
}
