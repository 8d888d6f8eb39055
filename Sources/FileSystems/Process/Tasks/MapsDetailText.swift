import Foundations
import Machine
import PageCache
import Processes
import SyntheticFiles
import VFS
import VirtualMemory

/// `/proc/pid/smaps`: what of each area is present. Source: proc(5); the lines are those of Linux 6.1.
final class MapsDetailText: TextSource {
  private let subject: Subject
  private let memory: ProgramMemory?

  init(_ subject: Subject) throws(Errno) {
    self.subject = subject
    memory = try subject.memory()
  }

  /// The cursor is the address from which on areas have not been written.
  override func writeRecord(at cursor: inout UInt64, to text: inout TextBuffer) throws(Errno) -> Bool {
    guard let memory, let area = memory.space.area(endingAfter: cursor) else { return false }
    cursor = area.end
    try AreaLine.write(area, of: memory, subject, to: &text)
    let residence = memory.space.residence(of: area)
    text.pages("Size:", area.pageCount)
    text.pages("KernelPageSize:", 1)
    text.pages("MMUPageSize:", 1)
    ResidenceLines.writeTotals(residence, to: &text)
    ResidenceLines.write(residence, to: &text)
    ResidenceLines.writeRest(residence, area.flags.contains(.locked) ? residence.proportional : 0, to: &text)
    text.write("THPeligible:           ")
    text.write(area.isAnonymous && AddressSpace.hugePages == .always && !area.flags.contains(.noHuge) ? "1\n" : "0\n")
    writeFlags(of: area, to: &text)
    return true
  }

  private func writeFlags(of area: Area, to text: inout TextBuffer) {
    func flag(_ name: String, _ isSet: Bool, _ text: inout TextBuffer) {
      guard isSet else { return }
      text.write(name)
      text.write(" ")
    }
    text.write("VmFlags: ")
    flag("rd", area.protection.contains(.read), &text)
    flag("wr", area.protection.contains(.write), &text)
    flag("ex", area.protection.contains(.execute), &text)
    flag("sh", area.isShared, &text)
    flag("mr", area.limit.contains(.read), &text)
    flag("mw", area.limit.contains(.write), &text)
    flag("me", area.limit.contains(.execute), &text)
    flag("ms", area.isShared, &text)
    flag("gd", area.flags.contains(.growsDown), &text)
    flag("lo", area.flags.contains(.locked), &text)
    flag("lf", area.flags.contains(.lockedOnFault), &text)
    flag("sr", area.flags.contains(.sequential), &text)
    flag("rr", area.flags.contains(.random), &text)
    flag("dc", area.flags.contains(.dontFork), &text)
    flag("wf", area.flags.contains(.wipeOnFork), &text)
    flag("ac", area.flags.contains(.accounted), &text)
    flag("nr", area.flags.contains(.noReserve), &text)
    flag("dd", area.flags.contains(.dontDump), &text)
    flag("hg", area.flags.contains(.huge), &text)
    flag("nh", area.flags.contains(.noHuge), &text)
    text.write("\n")
  }
}

/// `/proc/pid/smaps_rollup`: what of all areas together is present.
enum MapsSumText {
  static func write(_ subject: Subject, to text: inout TextBuffer) throws(Errno) {
    guard let space = try subject.memory()?.space else { return }
    var (all, anonymous, file, shared) = (AreaResidence(), AreaResidence(), AreaResidence(), AreaResidence())
    var locked = 0
    var range: Range<UInt64>?
    var address: UInt64 = 0
    while let area = space.area(endingAfter: address) {
      address = area.end
      range = (range?.lowerBound ?? area.start)..<area.end
      let residence = space.residence(of: area)
      all = all + residence
      if area.isAnonymous {
        anonymous = anonymous + residence
      } else if space.object(of: area)?.cachedFile?.provider.isBacked ?? false {
        file = file + residence
      } else {
        shared = shared + residence
      }
      if area.flags.contains(.locked) { locked += residence.proportional }
    }
    let whole = range ?? 0..<0
    let start = text.count
    text.write(hex: whole.lowerBound, width: 8)
    text.write("-")
    text.write(hex: whole.upperBound, width: 8)
    text.write(" ---p 00000000 00:00 0 ")
    text.pad(from: start, to: 72)
    text.write(" [rollup]\n")
    ResidenceLines.writeTotals(all, to: &text)
    text.shares("Pss_Anon:", anonymous.proportional)
    text.shares("Pss_File:", file.proportional)
    text.shares("Pss_Shmem:", shared.proportional)
    ResidenceLines.write(all, to: &text)
    ResidenceLines.writeRest(all, locked, to: &text)
  }
}

/// The lines that both have.
private enum ResidenceLines {
  static func writeTotals(_ residence: AreaResidence, to text: inout TextBuffer) {
    text.pages("Rss:", residence.resident)
    text.shares("Pss:", residence.proportional)
    text.shares("Pss_Dirty:", residence.proportionalDirty)
  }

  static func write(_ residence: AreaResidence, to text: inout TextBuffer) {
    text.pages("Shared_Clean:", residence.sharedClean)
    text.pages("Shared_Dirty:", residence.sharedDirty)
    text.pages("Private_Clean:", residence.privateClean)
    text.pages("Private_Dirty:", residence.privateDirty)
    text.pages("Referenced:", residence.referenced)
    text.pages("Anonymous:", residence.anonymous)
  }

  static func writeRest(_ residence: AreaResidence, _ lockedShares: Int, to text: inout TextBuffer) {
    text.pages("LazyFree:", 0)
    text.pages("AnonHugePages:", residence.huge)
    text.pages("ShmemPmdMapped:", 0)
    text.pages("FilePmdMapped:", 0)
    text.pages("Shared_Hugetlb:", 0)
    text.pages("Private_Hugetlb:", 0)
    text.pages("Swap:", 0)
    text.pages("SwapPss:", 0)
    text.shares("Locked:", lockedShares)
  }
}

extension TextBuffer {
  /// Writes `name`, pages as kilobytes, and a newline.
  fileprivate mutating func pages(_ name: String, _ pages: Int) { kilobytes(name, pages << 2) }

  /// Writes `name`, parts of pages as kilobytes, and a newline.
  fileprivate mutating func shares(_ name: String, _ shares: Int) {
    kilobytes(name, (shares << 2) / AreaResidence.pageShare)
  }

  private mutating func kilobytes(_ name: String, _ count: Int) {
    let start = self.count
    write(name)
    pad(from: start, to: 16)
    write(decimal: UInt64(max(0, count)), width: 8)
    write(" kB\n")
  }
}
