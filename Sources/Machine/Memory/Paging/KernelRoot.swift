import Boot
import PageFrames

/// The root of the kernel's own page table, and the entries of it that every program's page table has too.
///
/// With four levels these are entries of the root: the window's and the upper half's. With five levels the root's first entry
/// leads to a table that programs and the window share, so each program has a table of its own there with the window's entries.
/// The kernel makes all tables that these entries lead to before the first program's page table.
enum KernelRoot {
  /// The first address of the upper half, cut to what the tables translate.
  private static let upperHalf = 256

  /// The root table, or none before the kernel has its own. SAFETY: written by the boot CPU while it is alone.
  nonisolated(unsafe) private static var root = FrameNumber.none

  /// The root table.
  @inline(__always)
  static var frame: FrameNumber {
    // SAFETY: not written after boot.
    unsafe root
  }

  /// Notes that `newRoot` is the kernel's root, and begins to use what this CPU has to switch between roots.
  ///
  /// - Context: once, on the boot CPU, right after `newRoot` was loaded.
  static func adopt(_ newRoot: FrameNumber) {
    // SAFETY: the boot CPU is alone.
    unsafe root = newRoot
    ProcessorArea.withCurrent { $0.translation.start() }
  }

  /// The entries of a table of level 3 that the window takes.
  static let windowSlots =
    TablePage.index(of: UserSpace.kernelWindow.lowerBound, level: 3)..<TablePage.index(
      of: UserSpace.kernelWindow.upperBound - 1, level: 3) + 1

  /// Fills the kernel's entries of a program's new root table, and of `low`, the table behind its first entry when there
  /// are five levels.
  static func copyEntries(to table: TablePage, low: TablePage?) {
    guard frame != .none else { return }
    let kernel = TablePage(frame)
    table.copy(upperHalf..<TablePage.entryCount, of: kernel)
    let window = low ?? table
    let kernelWindow = low == nil ? kernel : TablePage(behind: kernel[0])
    window.copy(windowSlots, of: kernelWindow)
  }
}
