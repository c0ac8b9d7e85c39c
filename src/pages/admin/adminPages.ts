import type { PagesModule } from '../frame/pagesModule.ts';
import { addAdminAuditPage } from './adminAuditPage.ts';
import { addAdminGroupPages } from './adminGroupPages.ts';
import type { AdminPagesOptions } from './adminPagesOptions.ts';
import { addAdminServicesPage } from './adminServicesPage.ts';
import { addAdminUserPages } from './adminUserPages.ts';
import { addAdminUsersPage } from './adminUsersPage.ts';

/**
 * The pages of administrators. All need the scope `admin-ui`; what each shows and does needs the scopes that the API asks
 * for the same.
 */
export function adminPages(options: AdminPagesOptions): PagesModule {
  return (frame) => {
    addAdminUsersPage(frame, options);
    addAdminUserPages(frame, options);
    addAdminGroupPages(frame, options);
    addAdminServicesPage(frame, options);
    addAdminAuditPage(frame, options);
  };
}
