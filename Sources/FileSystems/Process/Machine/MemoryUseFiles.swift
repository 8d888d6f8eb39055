import Foundations
import Machine
import PageCache
import PageFrames
import SyntheticFiles

/// The files about memory. Source: proc(5), proc_meminfo(5), slabinfo(5).
extension ProcessFileSystem {
  func addMemoryFiles(to root: SyntheticDirectory) throws(Errno) {
    let facts = facts
    try root.add("meminfo") { text in MemoryInfoText.write(facts.memoryStatistics(), to: &text) }
    try root.add("vmstat") { text in MemoryCounterText.write(facts.memoryStatistics(), to: &text) }
    try root.add("buddyinfo") { text in
      ZoneText.writeBuddyInfo(FrameAllocator.statistics.node, number: 0, to: &text)
    }
    try root.add("zoneinfo") { (text: inout TextBuffer) throws(Errno) in
      var counts = GrowableArray<Int>()
      for number in 0..<Processor.limit where Processor.isOnline(number) {
        try counts.append(FrameAllocator.cachedCount(on: number))
      }
      ZoneText.writeZoneInfo(
        FrameAllocator.statistics.node, number: 0, facts.memoryStatistics(), cachedCounts: counts.span, to: &text)
    }
    try root.add("slabinfo", permissions: 0o400) { text in
      SlabInfoText.writeHeader(to: &text)
      var number = 0
      while let cache = HeapStatistics.slabCache(number) {
        SlabInfoText.write(cache, to: &text)
        number += 1
      }
    }
    try root.add("iomem", permissions: 0o400) { (text: inout TextBuffer) throws(Errno) in
      try facts.writeMemoryMap(to: &text)
    }
    try root.add("ioports", permissions: 0o400) { (text: inout TextBuffer) throws(Errno) in
      try facts.writePortMap(to: &text)
    }
    try root.add("swaps") { text in text.write("Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n") }
  }
}
