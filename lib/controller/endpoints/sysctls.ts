import { fault } from '../../model/errors.ts'

/** A setting of one link: path(link) in /proc/sys. */
export interface LinkSysctl {
  readonly path: (link: string) => string
  readonly value: string
}

const FORM = /^net\.(ipv4|ipv6|mpls)\.([\w-]+)\.IFNAME\.([\w-]+)=(.*)$/s

/** 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.IFNAME.accept_ra=0'; refused in Docker's words. */
export const readSysctls = (text = ''): readonly LinkSysctl[] => (text === '' ? [] : text.split(',').map(readOne))

function readOne(text: string): LinkSysctl {
  const [, family, group, name, value = ''] = FORM.exec(text) ?? []
  if (!family)
    throw fault('INVALID_ENDPOINT_SETTINGS', {
      problems: `unrecognised network interface sysctl '${text}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
    })
  return { path: (link) => `net/${family}/${group}/${link}/${name}`, value }
}
