import Foundations
import Machine
import Processes
import SyntheticFiles
import VFS

/// The files about the kernel itself. Source: proc(5).
extension ProcessFileSystem {
  func addKernelFiles(to root: SyntheticDirectory) throws(Errno) {
    let facts = facts
    try root.add("cmdline") { text in
      facts.writeCommandLine(to: &text)
      text.write("\n")
    }
    try root.add("version") { text in
      text.write("Linux version ")
      text.write(SystemNames.release.description)
      text.write(" ")
      text.write(facts.builder.description)
      text.write(" ")
      text.write(SystemNames.version.description)
      text.write("\n")
    }
    try root.add("filesystems") { text in
      var index = 0
      while let type = FileSystemTypes.type(number: index) {
        index += 1
        text.write(type.source == .device ? "\t" : "nodev\t")
        text.write(type.name.description)
        text.write("\n")
      }
    }
    try root.add("kmsg", MessagesInode(self))
    // All processes are in the one group that there is, which no controller knows.
    try root.add("cgroups") { text in text.write("#subsys_name\thierarchy\tnum_cgroups\tenabled\n") }
    let apus = try root.addDirectory("apus")
    try apus.add("boot") { text in facts.writeBootSteps(to: &text) }
    try apus.add("syscalls") { text in facts.writeSystemCalls(to: &text) }
  }
}

/// `kmsg`: the kernel's messages, for whoever takes them.
private final class MessagesInode: SyntheticInode {
  private let facts: KernelFacts

  init(_ system: ProcessFileSystem) {
    facts = system.facts
    super.init(system, .regular, permissions: 0o400)
  }

  override func open(_ request: OpenRequest) throws(Errno) -> OpenFile { try facts.openMessages(request, self) }
}
