import Machine
import PageFrames

extension SimulatedNode {
  /// Compares every descriptor, list and figure with what the map says it must be.
  func check(in frames: Span<FrameDescriptor>) throws(Mismatch) {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: 11), count: 3)
    var starts: [FreeMap.Block] = []
    var heads = 0
    for chunk in chunks {
      var kinds: [FrameKind?] = Array(repeating: nil, count: 1024)
      for block in map.blocks(inChunk: chunk) {
        let descriptor = FrameNumber(block.first)
        try require(frames[descriptor].isKind(.free), "no free block begins at \(block)")
        try require(frames[descriptor].order == block.order, "\(block) has order \(frames[descriptor].order)")
        try checkLinks(of: block, in: frames)
        if frames[descriptor].previous == .none { starts.append(block) }
        counts[Self.zone(of: block.first).rawValue][block.order] += 1
        kinds[Int(block.first - chunk)] = .free
        heads += 1
      }
      try checkKinds(inChunk: chunk, kinds, in: frames)
    }
    for kind in ZoneKind.all {
      let zone = node.zone(kind)
      for order in 0..<11 {
        let count = counts[kind.rawValue][order]
        try require(
          zone.freeBlockCount(order: order) == count,
          "\(zone.freeBlockCount(order: order)) blocks of order \(order) in \(kind), not \(count)")
      }
    }
    try checkLists(from: starts, heads: heads, in: frames)
  }

  /// The first frames of all chunks that have memory.
  private var chunks: [UInt32] {
    var all: [UInt32] = []
    for range in memory {
      for chunk in stride(from: range.lowerBound & ~1023, to: range.upperBound, by: 1024) where all.last != chunk {
        all.append(chunk)
      }
    }
    return all
  }

  private static func zone(of frame: UInt32) -> ZoneKind {
    frame < 4096 ? .dma : frame < 229_376 ? .normal : .high
  }

  /// A free block's neighbours in its list are free blocks of its order and zone, and know it.
  private func checkLinks(of block: FreeMap.Block, in frames: Span<FrameDescriptor>) throws(Mismatch) {
    let frame = FrameNumber(block.first)
    for neighbour in [frames[frame].next, frames[frame].previous] where neighbour != .none {
      try require(
        frames[neighbour].isKind(.free) && frames[neighbour].order == block.order
          && Self.zone(of: neighbour.rawValue) == Self.zone(of: block.first), "\(block) is beside \(neighbour)")
    }
    let next = frames[frame].next
    try require(next == .none || frames[next].previous == frame, "\(next) does not know \(block)")
  }

  /// In use or absent, as the map has it; only first frames of free blocks say so.
  private func checkKinds(inChunk chunk: UInt32, _ kinds: [FrameKind?], in frames: Span<FrameDescriptor>)
    throws(Mismatch)
  {
    var frame = chunk
    while frame < chunk + 1024 && Int(frame) < frames.count {
      let expected = kinds[Int(frame - chunk)] ?? (given.isFree(frame) && !map.isFree(frame) ? .allocated : .absent)
      let found = frames[FrameNumber(frame)].kind
      guard found == expected else { throw Mismatch(description: "frame \(frame) is \(found), not \(expected)") }
      frame += 1
    }
  }

  /// Each list, followed from its start, reaches every block once.
  private func checkLists(from starts: [FreeMap.Block], heads: Int, in frames: Span<FrameDescriptor>) throws(Mismatch) {
    var seen = 0
    for start in starts {
      var length = 0
      var frame = FrameNumber(start.first)
      while frame != .none && length <= heads {
        length += 1
        frame = frames[frame].next
      }
      let count = node.zone(Self.zone(of: start.first)).freeBlockCount(order: start.order)
      try require(length == count, "the list of order \(start.order) has \(length) blocks, not \(count)")
      seen += length
    }
    try require(seen == heads, "the lists reach \(seen) of \(heads) free blocks")
  }
}
