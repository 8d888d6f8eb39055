public import Foundations
public import Input
public import Machine
public import PageCache
public import Processors
public import SyntheticFiles
public import VFS

/// What only the kernel's composition knows, for /proc: derived from by it.
open class KernelFacts {
  /// Knows nothing.
  public init() {}

  /// By what and with what it was built, as /proc/version has it: "(who@where) (compiler)".
  open var builder: StaticString { "()" }

  /// Writes the command line, without a newline.
  open func writeCommandLine(to text: inout TextBuffer) {}

  /// Writes a line for each step of the boot: its name, how it ended, how long it took.
  open func writeBootSteps(to text: inout TextBuffer) {}

  /// Writes how many calls there are of each status, and which programs made that do not exist.
  open func writeSystemCalls(to text: inout TextBuffer) {}

  /// Opens the kernel's messages, for those who take them.
  ///
  /// - Throws: `EPERM`, `ENODEV` without messages.
  open func openMessages(_ request: OpenRequest, _ inode: Inode) throws(Errno) -> OpenFile { throw .ENODEV }

  /// Writes what is at which physical addresses, as /proc/iomem does.
  ///
  /// - Throws: `ENOMEM`.
  open func writeMemoryMap(to text: inout TextBuffer) throws(Errno) {}

  /// Writes what is at which ports, as /proc/ioports does.
  ///
  /// - Throws: `ENOMEM`.
  open func writePortMap(to text: inout TextBuffer) throws(Errno) {}

  /// Frees what can be read again: pages of files that are clean, and names and other objects.
  open func dropCaches(pages: Bool, objects: Bool) {}

  /// Writes the consoles, as /proc/consoles does.
  open func writeConsoles(to text: inout TextBuffer) {}

  /// Writes where an input device is in /sys, from there on, with a slash before it; nothing for one that is not shown.
  open func writePath(of device: InputDevice, to text: inout TextBuffer) {}

  /// How the machine's memory is used.
  open func memoryStatistics() -> MemoryStatistics { MemoryStatistics() }

  /// What is known of each CPU.
  ///
  /// - Throws: `ENOMEM`.
  open func processors() throws(Errno) -> GrowableArray<ProcessorRecord> { GrowableArray() }

  /// How fast the time-stamp counter runs, in units of 1,000 a second; 0 when unknown.
  open var counterKilohertz: UInt64 { 0 }

  /// The levels of /proc/sys/kernel/printk: shown, of messages without one, lowest allowed, first.
  open var logLevels: (Int, Int, Int, Int) { (7, 4, 1, 7) }
}
