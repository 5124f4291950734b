"""The service side of Mynah: everything that talks to people, disks and networks. Never imports torch."""
