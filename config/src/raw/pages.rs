//! The settings of `[pages]` and their rows of the table.

use super::group;
use crate::table::{optional, text};

group! {
    /// `[pages]` as typed; see [`Pages`](crate::Pages).
    RawPages {
        /// Suffix of the host names of pages: those of a division are at its code below it.
        zone: String = text("localhost").live()
            .chinese("页面主机名的后缀：单位的页面在“代码.后缀”"),
        /// Further host names, each with its division: `name=code`.
        hosts: Vec<String> = optional().live()
            .chinese("另外的主机名，各对应一个单位：名称=代码"),
        /// The unit that is responsible for the pages (主办单位), in the footer like the next; what is not set is not shown.
        unit: String = optional().live()
            .chinese("页脚：主办单位；本项和以下各项不写则不显示"),
        /// Site code (网站标识码).
        site_code: String = optional().live()
            .chinese("页脚：网站标识码"),
        /// Number of the ICP filing (备案号).
        icp: String = optional().live()
            .chinese("页脚：ICP 备案号"),
        /// Number of the filing with the police (公安备案号).
        police: String = optional().live()
            .chinese("页脚：公安备案号"),
        /// Address, beginning with `https://`, of the mark of a party or government organ (党政机关网站标识).
        mark: String = optional().live()
            .chinese("页脚：党政机关网站标识的地址，以 https:// 开头"),
        /// Telephone number that people can call instead of using pages.
        telephone: String = optional().live()
            .chinese("页脚：联系电话"),
        /// Hours of the service window.
        hours: String = optional().live()
            .chinese("页脚：窗口办公时间"),
        /// Address of the service window.
        address: String = optional().live()
            .chinese("页脚：窗口地址"),
    }
}
