import Foundations
import Machine
import SyntheticFiles

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
      text.write(facts.release.description)
      text.write(" ")
      text.write(facts.builder.description)
      text.write(" ")
      text.write(facts.version.description)
      text.write("\n")
    }
    let apus = try root.addDirectory("apus")
    try apus.add("boot") { text in facts.writeBootSteps(to: &text) }
    try apus.add("syscalls") { text in facts.writeSystemCalls(to: &text) }
  }
}
